"""Reports what was found: the bins that changed most, and all figures of a feature as the frozen values that readers take."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from sidecar.core.binning.bins import MAX_BINS
from sidecar.core.reference.profile import SideProfile
from sidecar.core.stats.divergence import ratios, smoothed
from sidecar.core.words.arrays import AnyCounts, Floats, Numbers
from sidecar.core.words.events import BinShift, NotEnough, Score, State
from sidecar.core.words.mismatch import Mismatch
from sidecar.core.words.view import BinView, FeatureView

MOST_SHIFTS = 5
_BIN_NAMES = tuple(f"{at:02}" for at in range(MAX_BINS))
"""Two digits sort as text up to 99 bins, more than any feature from `cuts` has."""


def shifts(reference: Floats, live: Floats, ranges: Iterable[tuple[str, ...]]) -> list[tuple[BinShift, ...]]:
    """For each feature the bins that contribute most to PSI, largest first, from counts (F, B); unchanged bins are left out."""
    occupied = (reference > 0) | (live > 0)
    p, q = smoothed(live, occupied), smoothed(reference, occupied)
    ratio = np.divide(p, q, out=np.ones_like(p), where=occupied)
    share = (p - q) * np.log(ratio)
    ranked = np.argsort(-share, axis=1, kind="stable")[:, :MOST_SHIFTS]
    some = live.sum(axis=1) > 0
    columns = (
        np.take_along_axis(matrix, ranked, axis=1).tolist() for matrix in (share, ratios(reference), ratios(live))
    )
    return [
        tuple(
            BinShift(texts[at], before, after)
            for at, moved, before, after in zip(order, *row, strict=True)
            if moved > 0 and before != after
        )
        if any_live
        else ()
        for texts, order, any_live, *row in zip(ranges, ranked.tolist(), some.tolist(), *columns, strict=True)
    ]


def feature_views(
    reference: SideProfile,
    *,
    ranges: Iterable[tuple[str, ...]],
    live: Numbers,
    window: AnyCounts,
    scores: Callable[[int], dict[str, Score | NotEnough]],
    states: list[State],
    evidence: Floats,
    threshold: float,
    effect: tuple[Floats, Floats],
    independent: Floats,
    since: list[float],
    reasons: list[tuple[str, str]],
    mismatches: list[Mismatch | None],
) -> tuple[FeatureView, ...]:
    """The view of each feature of a side. `live` and `window` are counts (F, B), `effect` is (effect, effective rows),
    each (F,); `scores(at)` are those of feature `at`, `reasons` the criterion of each state and what it says.
    """
    shares = ratios(reference.numbers).tolist()
    totals, recent, rows = live.tolist(), window.tolist(), reference.rows.tolist()
    sizes, certain, alone = [column.tolist() for column in effect], evidence.tolist(), independent.tolist()
    return tuple(
        FeatureView(
            feature=feature.name,
            kind=feature.kind.value,
            bins=tuple(map(BinView, _BIN_NAMES, texts, shares[at], totals[at], recent[at])),
            scores=scores(at),
            evidence=certain[at],
            threshold=threshold,
            effect=sizes[0][at],
            effect_rows=round(sizes[1][at]),
            independent_ratio=alone[at],
            state=states[at],
            reference_rows=rows[at],
            importance=feature.importance,
            state_since=since[at],
            criterion=reasons[at][0],
            reason=reasons[at][1],
            mismatch=mismatches[at],
        )
        for at, (feature, texts) in enumerate(zip(reference.features, ranges, strict=True))
    )
