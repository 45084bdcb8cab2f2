"""One look at two profiles: the verdict of `compare`. Live traffic is judged by evidence instead, which may be read any
number of times.

A feature has drifted if the change is certain and matters: its combined p-value, times the number of features
(Bonferroni), is below `SIZE`, and its debiased PSI reaches the material effect, or a rate of its rare events changed by
what matters (`reference.materiality`). Half the material effect makes a warning. A feature that the reference does not
describe (`reference.strange`) is a mismatch instead. So the probability that any feature of equal data is called drifted
is at most `SIZE`. The correlations between features are tested separately, with another `SIZE` for both sides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import msgspec
import numpy as np

from sidecar.core.binning.bins import ranges
from sidecar.core.binning.rank_scores import taking_part
from sidecar.core.reference.materiality import Material, RateChange, rate_changes, special_mask
from sidecar.core.reference.profile import Profile, SideProfile
from sidecar.core.reference.strange import is_strange, missing_mask, ordinary_share, rows_in, strange_mask
from sidecar.core.scores.combined_p_value import combined_p_value
from sidecar.core.scores.geometry import scale
from sidecar.core.scores.joint_drift import LEAST_ROWS as JOINT_ROWS
from sidecar.core.scores.joint_drift import compare_relations, reported
from sidecar.core.scores.measure import AllScores, Pair
from sidecar.core.scores.measures import MEASURES
from sidecar.core.scores.report import shifts
from sidecar.core.scores.wording import changed
from sidecar.core.stats.divergence import effect
from sidecar.core.words.arrays import Mask, Numbers
from sidecar.core.words.events import ALARMS, BinShift, JointReport, NotEnough, Score, State
from sidecar.core.words.frame import Side
from sidecar.core.words.mismatch import Explanation, Kind, Mismatch
from sidecar.core.words.rules import RuleReport, RuleState
from sidecar.settings import DriftSettings

SIZE = 0.01
"""Probability of any false drift, over all features of one comparison."""
WARNING = 0.5
"""Share of the material effect that makes a certain change a warning."""
_KINDS = (Kind.UNSEEN, Kind.TYPE, Kind.MISSING_FEATURE)
LEAST_ROWS = 50
"""With fewer live rows there is no verdict."""


class FeatureComparison(msgspec.Struct, frozen=True):
    """One feature of live against reference."""

    side: Side
    feature: str
    kind: str
    state: State
    rows: int
    scores: dict[str, Score | NotEnough]
    p_value: float | None
    """Combined over tests (`combined_p_value`), times the number of features; None with too few rows."""
    effect: float
    """Debiased PSI over floored shares (`stats.divergence.effect`)."""
    shifts: tuple[BinShift, ...]
    changed: str
    """How it changed, in a few words; may be chance where the state is ok."""
    importance: float
    criterion: str = ""
    """What makes it more than ok: `psi`, the kind of a rate, or the kind of a mismatch; empty where it is ok."""
    stream: str = ""
    """The stream's name in the profiles; empty for the one that bears none."""

    @property
    def called(self) -> str:
        """The feature, with its stream where that has a name."""
        return f"{self.stream}: {self.feature}" if self.stream else self.feature

    @property
    def impact(self) -> float:
        """What features are ranked by: the effect times the importance."""
        return self.effect * self.importance


_DEFAULTS = DriftSettings()


class LeastEffects(msgspec.Struct, frozen=True):
    """What matters: a PSI, a change of a correlation, and changes of rates as the settings of `drift` define them."""

    psi: float
    correlation: float
    rate_difference: float = _DEFAULTS.material_rate_difference
    rate_ratio: float = _DEFAULTS.material_rate_ratio
    rate_shift: float = _DEFAULTS.material_rate_shift

    @classmethod
    def of(cls, settings: DriftSettings) -> LeastEffects:
        """What the settings say."""
        rates = settings.material_rate_difference, settings.material_rate_ratio, settings.material_rate_shift
        return cls(settings.material_psi, settings.material_correlation, *rates)

    @property
    def of_a_feature(self) -> Material:
        """What matters of one feature."""
        return Material(self.psi, self.rate_difference, self.rate_ratio, self.rate_shift)


class Comparison(msgspec.Struct, frozen=True):
    """All features that both profiles have, largest impact first; and the test of correlations for each side where both
    profiles have them and live has enough rows.
    """

    features: tuple[FeatureComparison, ...]
    joint: tuple[JointReport, ...]
    rules: tuple[RuleReport, ...] = ()
    """Of the reference's constraints (`constraint_comparison`)."""

    @property
    def violated(self) -> tuple[RuleReport, ...]:
        """Rules that are."""
        return tuple(one for one in self.rules if one.state is RuleState.VIOLATED)

    @property
    def states(self) -> set[State]:
        """All verdicts that occur."""
        return {*(one.state for one in self.features), *(one.state for one in self.joint)}


class Lacking(NamedTuple):
    """Rows of each feature (F,) of one side that have no value, and what explains a mismatch of the feature with a number."""

    absent: Numbers
    """They lack its column..."""
    of_other_type: Numbers
    """...or its value is of another type."""
    explained: Callable[[int, Kind], Explanation]


AllLacking = Mapping[str, Mapping[Side, Lacking]]
"""By stream and side."""


def compare(reference: Profile, live: Profile, material: LeastEffects, lacking: AllLacking | None = None) -> Comparison:
    """Compare everything that both profiles have, stream by stream. Raises nothing; both must have the same bins.

    Of live rows that came as a profile nobody knows `lacking`: then all missing values may be such.
    """
    shared = {
        (name, side): (of_side, of_live.sides[side])
        for name, of_reference, of_live in _streams(reference, live)
        for side, of_side in of_reference.sides.items()
        if side in of_live.sides
    }
    features = sum(len(of_reference.features) for of_reference, _ in shared.values())
    found: list[FeatureComparison] = []
    pairs: list[JointReport] = []
    for (name, side), (of_reference, of_live) in shared.items():
        of_rows = lacking.get(name, {}).get(side) if lacking is not None else None
        of_side = _side(side, of_reference, of_live, features, material.of_a_feature, of_rows)
        drifting = np.array([one.state in ALARMS for one in of_side], np.bool_)
        joint = _joint(side, of_reference, of_live, drifting, material.correlation, len(shared))
        pairs += [msgspec.structs.replace(one, stream=name) for one in joint]
        found += [msgspec.structs.replace(one, stream=name) for one in of_side]
    found.sort(key=lambda one: (one.p_value is not None, one.impact), reverse=True)
    return Comparison(tuple(found), tuple(pairs))


def _streams(reference: Profile, live: Profile) -> Iterator[tuple[str, Profile, Profile]]:
    yield "", reference, live
    for name, of_stream in reference.streams.items():
        if name in live.streams:
            yield name, of_stream, live.streams[name]


def _joint(
    side: Side, reference: SideProfile, live: SideProfile, drifting: Mask, material: float, tests: int
) -> list[JointReport]:
    if reference.joint is None or live.joint is None or live.joint.rows < JOINT_ROWS:
        return []
    chosen = taking_part(reference.features)
    found = compare_relations(reference.joint, live.joint, np.ones(len(chosen)), drifting[chosen])
    threshold = SIZE / max(tests, len(Side))
    state = _state(found.p_value < threshold, found.effect, material)
    return [reported(found, side, [reference.names[at] for at in chosen], state, threshold)]


def _side(
    side: Side, reference: SideProfile, live: SideProfile, features: int, material: Material, lacking: Lacking | None
) -> list[FeatureComparison]:
    strange = _strange(reference, live, lacking)
    counts = reference.numbers, live.numbers
    pair = Pair(*counts, scale(reference))
    measured = AllScores(MEASURES, pair, LEAST_ROWS)
    found = [measured.of(at) for at in range(len(reference.features))]
    texts = [ranges(feature) for feature in reference.features]
    moved = shifts(*counts, texts)
    special = special_mask(reference.features, counts[0].shape[1])
    rates = rate_changes(reference.features, special, *counts, counts[1].sum(axis=1), material)
    effects = np.maximum(effect(*counts, counts[1].sum(axis=1)), 0.0).tolist()
    p_values = np.minimum(combined_p_value(pair) * features, 1.0).tolist()
    certain = [p_value < SIZE for p_value in p_values]
    verdicts = [
        (State.INSUFFICIENT, "")
        if _refused(found[at])
        else _verdict(strange[at], certain[at], effects[at], rates[at], material.psi)
        for at in range(len(found))
    ]
    return [
        FeatureComparison(
            side=side,
            feature=feature.name,
            kind=feature.kind.value,
            state=verdicts[at][0],
            criterion=verdicts[at][1],
            rows=rows,
            scores=found[at],
            p_value=None if _refused(found[at]) else p_values[at],
            effect=effects[at],
            shifts=moved[at],
            changed=_described(
                strange[at],
                lacking is not None,
                rate.words(texts[at]) if (rate := rates[at]) and rate.criterion == verdicts[at][1] else "",
                changed(feature, counts[0][at], counts[1][at], texts[at]),
            ),
            importance=feature.importance,
        )
        for at, (feature, rows) in enumerate(zip(reference.features, live.rows.tolist(), strict=True))
    ]


def _strange(reference: SideProfile, live: SideProfile, lacking: Lacking | None) -> list[Mismatch | None]:
    """In which way the reference does not describe a feature, if so."""
    width = live.counts.shape[1]
    unseen, missing = strange_mask(reference.features, width), missing_mask(reference.features, width)
    new, lost = rows_in(live.numbers, unseen), rows_in(live.numbers, missing)
    absent = lost if lacking is None else np.minimum(lost, lacking.absent)
    of_other_type = np.zeros_like(lost) if lacking is None else np.minimum(lost - absent, lacking.of_other_type)
    bad = np.array([new, of_other_type, absent])
    usual = np.where(
        new > absent + of_other_type, *(ordinary_share(reference.numbers, mask) for mask in (unseen, missing))
    )
    rows, total = live.numbers.sum(axis=1), bad.sum(axis=0)
    return [
        _mismatch(at, _KINDS[int(bad[:, at].argmax())], total[at] / rows[at], round(rows[at]), lacking) if one else None
        for at, one in enumerate(is_strange(total, rows, usual))
    ]


def _mismatch(at: int, kind: Kind, share: float, rows: int, lacking: Lacking | None) -> Mismatch:
    return Mismatch(kind, share, rows, lacking.explained(at, kind) if lacking else Explanation.VALUES)


def _described(strange: Mismatch | None, explained: bool, rate: str, words: str) -> str:
    if strange is not None:
        return f"the reference does not describe it: {strange.words if explained else words}"
    return "; ".join(part for part in (rate, words) if part)


def _refused(found: Mapping[str, Score | NotEnough]) -> bool:
    return isinstance(found["chi_squared"], NotEnough)


def _verdict(
    strange: Mismatch | None, certain: bool, size: float, rate: RateChange | None, material: float
) -> tuple[State, str]:
    """The state of a feature, and its criterion."""
    if strange is not None:
        return State.MISMATCH, strange.kind.value
    state = _state(certain, size, material)
    if certain and rate is not None and state is not State.DRIFT:
        return State.DRIFT, rate.criterion
    return state, "" if state is State.OK else "psi"


def _state(certain: bool, size: float, material: float) -> State:
    if not certain or size < WARNING * material:
        return State.OK
    return State.DRIFT if size >= material else State.WARNING
