"""Which bins are said to have moved, and how a feature's figures reach its readers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.profiles import counted, profile_of
from sidecar.core.binning.bins import ranges
from sidecar.core.scores.report import MOST_SHIFTS, feature_views, shifts
from sidecar.core.words.events import NotEnough, State
from sidecar.core.words.frame import Side

BINS = 8
TEXTS = [tuple(f"b{at}" for at in range(BINS))]
counts = st.lists(st.integers(0, 200), min_size=BINS, max_size=BINS)


def by_contribution(reference: list[int], live: list[int]) -> list[tuple[float, str]]:
    """What each bin adds to PSI, with half a row added to bins that hold any."""
    used = [at for at in range(BINS) if reference[at] or live[at]]
    q = {at: (reference[at] + 0.5) / (sum(reference) + 0.5 * len(used)) for at in used}
    p = {at: (live[at] + 0.5) / (sum(live) + 0.5 * len(used)) for at in used}
    return [((p[at] - q[at]) * math.log(p[at] / q[at]), f"b{at}") for at in used]


@given(reference=counts, live=counts)
def test_the_bins_that_add_most_to_psi_are_named_most_first(reference: list[int], live: list[int]) -> None:
    (found,) = shifts(np.array([reference], float), np.array([live], float), TEXTS)

    assert len(found) <= MOST_SHIFTS
    if not sum(live):
        assert found == ()
        return
    added = {text: value for value, text in by_contribution(reference, live)}
    values = [added[shift.range] for shift in found]
    assert values == sorted(values, reverse=True)
    left_out = [value for text, value in added.items() if text not in {shift.range for shift in found}]
    assert len(found) < MOST_SHIFTS or max(left_out, default=0.0) <= min(values) + 1e-12
    for shift in found:
        at = int(shift.range[1:])
        assert shift.live_ratio == pytest.approx(live[at] / sum(live))
        assert shift.reference_ratio == pytest.approx(reference[at] / max(sum(reference), 1))


def test_bins_that_did_not_move_are_not_named() -> None:
    same = np.full((1, BINS), 10.0)

    assert shifts(same, same, TEXTS) == [()]


def test_a_view_has_each_feature_s_own_figures() -> None:
    profile = profile_of({"x": [1.0, 2.0] * 50, "c": ["a"] * 100})
    side = profile.sides[Side.INPUT]
    live = counted({"x": [1.0] * 30, "c": ["a"] * 29 + [None]}, profile).counts

    x, c = feature_views(
        side,
        ranges=[ranges(feature) for feature in side.features],
        live=live,
        window=(live * 2).astype(np.int32),
        scores=lambda at: {"psi": NotEnough("xc"[at], at + 1)},
        states=[State.OK, State.DRIFT],
        evidence=np.array([1.0, 2.0]),
        threshold=9.0,
        effect=(np.array([0.1, 0.2]), np.array([29.6, 30.4])),
        independent=np.array([1.0, 0.5]),
        since=[5.0, 6.0],
        reasons=[("", ""), ("psi", "moved")],
        mismatches=[None, None],
    )

    assert (x.feature, x.kind, x.state, x.evidence, x.effect, x.effect_rows) == ("x", "numeric", State.OK, 1.0, 0.1, 30)
    assert (c.feature, c.kind, c.state, c.independent_ratio, c.effect_rows) == (
        "c",
        "categorical",
        State.DRIFT,
        0.5,
        30,
    )
    assert x.scores == {"psi": NotEnough("x", 1)}
    assert {one.range: (one.reference_ratio, one.live_total, one.window_count) for one in x.bins if one.live_total} == {
        "= 1": (0.5, 30, 60)
    }
    assert [one.bin for one in x.bins] == [f"{at:02}" for at in range(side.features[0].bins)]
    assert [(one.range, one.live_total) for one in c.bins if one.live_total] == [("a", 29), ("missing", 1)]
    assert (x.threshold, c.reference_rows) == (9.0, 100)
