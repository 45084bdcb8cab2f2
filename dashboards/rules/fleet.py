"""Drift of a whole fleet: the counts of all pods added up, and compared with their reference as the sidecar compares its own.

The formulas are those of `sidecar.core.scores.measures`, and a test holds them to it. Counts of the last five minutes are
read from the pods' series once; an hour and a day are added up from these, so that a day of a thousand pods costs as much
as that of one. Pods with another reference have other bins: `profile` is in every sum, so they never mix.
"""

from __future__ import annotations

import math

from dashboards.rules.rule import Group, Record, by

FEATURE = ("namespace", "model_name", "profile", "side", "feature")
"""Labels of a feature of a fleet: pods of all versions that share a reference are one."""
_BIN = (*FEATURE, "bin", "range")

REFERENCE = "model:reference_bin_rows"
WINDOWS = {"5m": "2m", "1h": "2m", "1d": "5m"}
"""Windows, and how often each is looked at."""
_REFERENCE_INTERVAL = "4m"
"""A reference hardly ever changes, and all pods say the same: reading it seldom halves the work. It is less than the five
minutes after which Prometheus forgets a sample."""


def groups() -> list[Group]:
    """The reference, and one group a window."""
    windows = [Group(f"drift-sidecar-fleet-{window}", interval, _rules(window)) for window, interval in WINDOWS.items()]
    return [Group("drift-sidecar-reference", _REFERENCE_INTERVAL, [Record(REFERENCE, _reference())]), *windows]


def live(window: str) -> str:
    """The rule with the live rows by bin."""
    return f"model:feature_bin_rows:{window}"


def _rules(window: str) -> list[Record]:
    counted = f"sum {by(*_BIN)} (increase(model_feature_bin_total[5m]))"
    if window != "5m":
        # Windows of five minutes that do not overlap, so that rows are counted once.
        counted = f"sum_over_time({live('5m')}[{window}:5m])"
    return [
        Record(live(window), counted),
        Record(f"model:drift_rows:{window}", f"sum {by(*FEATURE)} ({live(window)})"),
        Record(f"model:drift_psi:{window}", _psi(window)),
        Record(f"model:drift_js:{window}", _jensen_shannon(window)),
        Record(f"model:drift_tv:{window}", _total_variation(window)),
    ]


def _reference() -> str:
    """The reference's rows by bin. Every pod of a profile says the same."""
    return f"""
        max {by(*_BIN)} (model_reference_bin_ratio)
          * on ({", ".join(FEATURE)}) group_left ()
        max {by(*FEATURE)} (model_reference_rows)
        """


def _psi(window: str) -> str:
    """Half a row is added to each bin that either side has filled, as in `stats.divergence`; others take no part."""
    p, q = (_smoothed(counts, window) for counts in (live(window), REFERENCE))
    plain = f"sum {by(*FEATURE)} (({p} - {q}) * ln({p} / {q}))"
    return _some(window, f"clamp_min({plain} - {_chance(window)}, 0)")


def _jensen_shannon(window: str) -> str:
    """The distance: the root of the divergence in bits. Bins that one side has not filled add nothing to its part."""
    p, q = (_share(counts) for counts in (live(window), REFERENCE))
    middle = f"(({p} + {q}) / 2)"
    parts = " + ".join(f"sum {by(*FEATURE)} (({share} > 0) * ln({share} / {middle}))" for share in (p, q))
    divergence = f"({parts}) / 2"
    return _some(window, f"sqrt(clamp_min({divergence} - {_chance(window)} / 8, 0) / {math.log(2)!r})")


def _total_variation(window: str) -> str:
    p, q = (_share(counts) for counts in (live(window), REFERENCE))
    both = _share(f"({live(window)} + {REFERENCE})")
    spread = f"sum {by(*FEATURE)} (sqrt({both} * (1 - {both})))"
    chance = f"{math.sqrt(2 / math.pi) / 2!r} * {spread} * sqrt({_inverse_rows(window)})"
    return _some(window, f"clamp_min(sum {by(*FEATURE)} (abs({p} - {q})) / 2 - {chance}, 0)")


def _chance(window: str) -> str:
    """What PSI comes to if nothing drifts: (B - 1)(1/n + 1/m)."""
    bins = f"count {by(*FEATURE)} ({live(window)} + {REFERENCE} > 0)"
    return f"({bins} - 1) * {_inverse_rows(window)}"


def _inverse_rows(window: str) -> str:
    return f"(1 / sum {by(*FEATURE)} ({live(window)}) + 1 / sum {by(*FEATURE)} ({REFERENCE}))"


def _share(counts: str) -> str:
    return f"({counts} / on ({', '.join(FEATURE)}) group_left () sum {by(*FEATURE)} ({counts}))"


def _smoothed(counts: str, window: str) -> str:
    return _share(f"({counts} + 0.5 and {live(window)} + {REFERENCE} > 0)")


def _some(window: str, expr: str) -> str:
    """Only where there are rows."""
    return f"{expr} and model:drift_rows:{window} > 0"
