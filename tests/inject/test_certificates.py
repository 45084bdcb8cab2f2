"""Certificates: made, renewed in time, and never one that the API server does not trust yet."""

from __future__ import annotations

import ssl

import pytest

from sidecar.inject.certificates import CertificateError, Pair, advance, expiry, make_context, trusts, use
from tests.inject.trust import NAMES, START, authorities, days, shake_hands


def test_a_fresh_certificate_is_for_the_service_s_names_and_trusted_by_its_authority() -> None:
    kept = advance(None, NAMES, b"", START)
    context = make_context()
    use(context, kept.leaf)

    assert shake_hands(context, kept.bundle)
    assert shake_hands(context, kept.bundle, "hook")
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        shake_hands(context, kept.bundle, "other")
    assert expiry(kept.leaf.certificate) == pytest.approx(days(30).timestamp(), abs=1)


def test_nothing_changes_before_two_thirds_of_a_life_and_a_leaf_is_renewed_after() -> None:
    kept = advance(None, NAMES, b"", START)

    assert advance(kept, NAMES, kept.bundle, days(19)) == kept
    later = advance(kept, NAMES, kept.bundle, days(21))
    assert later.bundle == kept.bundle
    assert later.leaf != kept.leaf
    assert trusts(kept.bundle, later.leaf.certificate)


def test_a_new_authority_signs_only_when_it_is_trusted() -> None:
    kept = advance(None, NAMES, b"", START)
    for day in range(0, 241, 15):
        kept = advance(kept, NAMES, kept.bundle, days(day))
    overlap = advance(kept, NAMES, kept.bundle, days(245))
    waiting = advance(overlap, NAMES, kept.bundle, days(245.1))
    signed = advance(waiting, NAMES, overlap.bundle, days(245.2))

    assert authorities(overlap.bundle) == 2
    assert (overlap.leaf, waiting) == (kept.leaf, overlap)
    assert trusts(kept.bundle, waiting.leaf.certificate), "whoever trusts the old authority only is served as before"
    assert not trusts(kept.bundle, signed.leaf.certificate)
    assert trusts(overlap.bundle, signed.leaf.certificate)


def test_an_old_authority_is_forgotten_when_it_has_ended() -> None:
    kept = advance(None, NAMES, b"", START)
    both = advance(kept, NAMES, kept.bundle, days(300))

    assert authorities(both.bundle) == 2
    assert authorities(advance(both, NAMES, both.bundle, days(366)).bundle) == 1


@pytest.mark.parametrize("damage", ["bundle", "authority_key", "leaf", "other_key", "names"])
def test_whatever_is_damaged_is_made_anew_at_once(damage: str) -> None:
    good, other = advance(None, NAMES, b"", START), advance(None, NAMES, b"", START)
    broken = {
        "bundle": good._replace(bundle=b"no certificate"),
        "authority_key": good._replace(authority_key=other.authority_key),
        "leaf": good._replace(leaf=Pair(b"", b"")),
        "other_key": good._replace(leaf=Pair(good.leaf.certificate, other.leaf.key)),
        "names": advance(good, ["elsewhere"], good.bundle, START),
    }[damage]
    mended = advance(broken, NAMES, good.bundle, START)

    assert mended != broken
    context = make_context()
    use(context, mended.leaf)
    assert shake_hands(context, mended.bundle)


def test_a_certificate_without_its_key_is_refused_and_the_old_one_stays() -> None:
    good, other = advance(None, NAMES, b"", START), advance(None, NAMES, b"", START)
    context = make_context()
    use(context, good.leaf)

    for bad in (Pair(other.leaf.certificate, good.leaf.key), Pair(b"", b""), Pair(b"rubbish", other.leaf.key)):
        with pytest.raises(CertificateError, match="cannot be used"):
            use(context, bad)
        assert shake_hands(context, good.bundle)
