"""What `accept` says of the rows that it takes; tests/path/test_accept.py runs it against a sidecar."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from harness.profiles import counted, profile_of
from sidecar.commands.accept import _config_map, _since, told
from sidecar.commands.asking import AdminPort
from sidecar.core.reference.profile import Lineage, Profile
from sidecar.core.words.frame import Side
from sidecar.errors import UserError
from sidecar.proxy.address import parse_address

ADMIN = AdminPort(parse_address("admin", "127.0.0.1:9"))
RNG = np.random.default_rng(1)
REFERENCE = profile_of({"x": RNG.normal(size=3_000).tolist(), "flag": [True, False] * 1_500})


def accepted(shift: float, rows: int = 2_000) -> list[str]:
    columns = {"x": (RNG.normal(size=rows) + shift).tolist(), "flag": [True, False] * (rows // 2)}
    side = counted(columns, REFERENCE)
    return told(Profile({Side.INPUT: side}, lineage=Lineage("ab" * 32, 0.0, 60.0, "ana")))


def test_rows_time_and_the_reference_they_were_counted_by_are_said() -> None:
    lines = accepted(0.0)

    assert lines[0] == "accepted: rows of 1970-01-01 00:00:00 UTC to 1970-01-01 00:01:00 UTC, in the bins of abababab"
    assert lines[1] == "input: 2000 rows"
    assert not any("crowd" in line or "few rows" in line for line in lines)


def test_rows_that_the_old_bins_cannot_tell_apart_are_named() -> None:
    (line,) = [line for line in accepted(6.0) if "crowd" in line]

    assert line.startswith("input: x: the rows crowd in ")


def test_features_whose_rare_names_are_left_out_are_named() -> None:
    names = {"city": ["Bern"] * 900 + [f"town {at}" for at in range(100)], "plan": ["a", "b"] * 500}
    live = Profile({Side.INPUT: counted(names, profile_of(names, category_rows=20))})

    (line,) = [line for line in told(live.without_rare()) if "rare names" in line]

    assert line == "input: rare names of city are not in it: a name that is new counts as `other`, not `unseen`"
    assert not any("rare names" in line for line in told(live))


def test_few_rows_are_said_to_be_few() -> None:
    assert "input: few rows: 1000 or more make verdicts quicker" in accepted(0.0, rows=200)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 910.0),
        ("1.5m", 910.0),
        ("0.1h", 640.0),
        ("1970-01-01T00:10", 600.0),
        ("1970-01-01T01:10+01:00", 600.0),
        ("1970-01-01", 0.0),
    ],
)
def test_a_time_is_a_length_before_now_or_a_moment_and_one_without_zone_is_utc(text: str, seconds: float) -> None:
    now = datetime(1970, 1, 1, 0, 16, 40, tzinfo=UTC).timestamp()

    assert _since(text, ADMIN, now) == pytest.approx(seconds)


def test_a_profile_that_fits_no_config_map_is_refused_with_another_way() -> None:
    with pytest.raises(UserError, match="1 MiB"):
        _config_map("fraud/next", b"x" * 2_000_000)
