"""Describes in a few words how a feature changed, from counts alone: its median, its spread, and what is new or missing.

For people; `report` gives figures, and `policy` decides what follows.
"""

from __future__ import annotations

import numpy as np

from sidecar.core.binning.bins import Feature
from sidecar.core.words.arrays import Floats

_WORTH = 0.01
"""Least change of the share of missing, new or out-of-range rows that is mentioned."""
_MOVED = 0.1
"""Least shift of the median, in interquartile ranges, that is mentioned."""
_STRETCHED = 1.2
"""Least factor of the interquartile range that is mentioned."""
_LEAST_VALUES = 20.0
"""Fewer live values than this have no median worth mentioning."""
_FEW_ROWS = 100
"""Of fewer rows, a share is given as rows: `3 of 8 rows`."""


def changed(feature: Feature, reference: Floats, live: Floats, texts: tuple[str, ...]) -> str:
    """E.g. `median 48 -> 61, wider; missing 1.0% -> 12.0%`. Counts are (B,); empty if nothing is worth mentioning."""
    if not (reference.sum() and live.sum()):
        return ""
    q, p = reference / reference.sum(), live / live.sum()
    rows = float(live.sum())
    words = _moved(feature, q, p, rows) if feature.ordered else _names(feature, q, p, texts, rows)
    if abs(p[feature.missing] - q[feature.missing]) >= _WORTH:
        words.append(f"missing {_percent(q[feature.missing])} -> {_share(p[feature.missing], rows)}")
    return "; ".join(words)


def _moved(feature: Feature, q: Floats, p: Floats, rows: float) -> list[str]:
    edges = np.array(feature.edges)
    if len(edges) < 2:
        return []
    words = _median(edges, q, p) if (1 - p[feature.missing]) * rows >= _LEAST_VALUES else []
    for name, at in (("below", 0), ("above", len(edges))):
        if p[at] - q[at] >= _WORTH:
            words.append(f"{_share(p[at], rows)} {name} the reference's range")
    return words


def _median(edges: Floats, q: Floats, p: Floats) -> list[str]:
    """How the median moved and the quartiles stretched; where the live ones are out of range, only that is known."""
    before, after = _quartiles(edges, q), _quartiles(edges, p)
    if before is None or after is None:
        return []
    spread = max(before[2] - before[0], (edges[-1] - edges[0]) * 1e-3)
    for side, at in (("below", 0), ("above", len(edges))):
        if p[at] > p[: len(edges) + 1].sum() / 2:
            return [f"median {_short(before[1])} -> {side} the reference's range"]
    words = []
    if abs(after[1] - before[1]) > _MOVED * spread:
        words.append(f"median {_short(before[1])} -> {_short(after[1])}")
    ratio = max(after[2] - after[0], 1e-300) / spread
    if edges[0] < after[0] and after[2] < edges[-1] and not 1 / _STRETCHED < ratio < _STRETCHED:
        words.append("wider" if ratio > 1 else "narrower")
    return words


def _names(feature: Feature, q: Floats, p: Floats, texts: tuple[str, ...], rows: float) -> list[str]:
    words = []
    if p[feature.unseen] - q[feature.unseen] >= _WORTH:
        words.append(f"{_share(p[feature.unseen], rows)} are names that the reference never had")
    known = np.abs(p - q)[: feature.unseen]
    for at in np.argsort(-known, kind="stable")[:2].tolist():
        if known[at] >= _WORTH:
            words.append(f"{texts[at][:40]} {_percent(q[at])} -> {_share(p[at], rows, '')}")
    return words


def _quartiles(edges: Floats, shares: Floats) -> Floats | None:
    """Quartiles, interpolated between edges, with values beyond the range at its ends; None without values."""
    inside = shares[: len(edges)]
    total = shares[: len(edges) + 1].sum()
    if not total:
        return None
    return np.asarray(np.interp([0.25, 0.5, 0.75], inside.cumsum() / total, edges))


def _share(share: float, rows: float, of: str = " of rows") -> str:
    """With no more digits than so many rows have."""
    return f"{round(share * rows)} of {round(rows)} rows" if rows < _FEW_ROWS else f"{_percent(share)}{of}"


def _percent(share: float) -> str:
    return f"{share:.1%}"


def _short(number: float) -> str:
    return f"{number:,.0f}" if 1e3 <= abs(number) < 1e9 else f"{number:.4g}"
