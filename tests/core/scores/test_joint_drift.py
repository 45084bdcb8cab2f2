"""How features hang together: seen where it changes, not where features change alone, and added up as profiles are."""

from __future__ import annotations

import numpy as np
import pytest

from harness.null_rows import profile_of
from harness.profiles import frame, recounted
from sidecar.core.binning.binner import Binner
from sidecar.core.binning.rank_scores import MOST_FEATURES, RankedRows, taking_part
from sidecar.core.reference.joint import Joint, joint_of
from sidecar.core.reference.profile import SideProfile
from sidecar.core.reference.profile_file import digest, dumps, loads
from sidecar.core.scores.joint_drift import PairComparison, compare_pairs, contributions
from sidecar.core.watching.monitor import Monitor
from sidecar.core.words.arrays import Floats
from sidecar.core.words.events import Event, JointChanged, State
from sidecar.core.words.frame import Frame, Side
from sidecar.settings import Settings, WindowSettings

FEATURES = 8
RNG = np.random.default_rng(8)
MIXING = np.eye(FEATURES) + 0.6 * RNG.normal(size=(FEATURES, FEATURES))


def rows(rng: np.random.Generator, count: int) -> Floats:
    """Rows (F, count) of features that hang together."""
    return MIXING @ rng.normal(size=(FEATURES, count))


REFERENCE = rows(RNG, 20_000)
PROFILE = profile_of(REFERENCE)
BINNER = Binner(PROFILE.features)


def kept(values: Floats, profile: SideProfile = PROFILE) -> RankedRows:
    binner = Binner(profile.features)
    found = RankedRows(profile.features, binner.width, 10**6)
    found.add(binner.cut(values) + (np.arange(len(values)) * binner.width)[:, None])
    return found


KNOWN = joint_of(kept(REFERENCE))


def judged_by(known: Joint, live: RankedRows, left_out: int = -1) -> PairComparison:
    features = len(live.chosen)
    return compare_pairs(known, live.correlations(), live.count, np.ones(features), np.arange(features) == left_out)


def judged(live: Floats) -> PairComparison:
    return judged_by(KNOWN, kept(live))


@pytest.mark.parametrize("count", [500, 5_000])
def test_p_values_are_as_often_small_as_they_say_when_nothing_changed(count: int) -> None:
    rng = np.random.default_rng(count)
    p_values = np.array([judged(rows(rng, count)).p_value for _ in range(400)])

    for alpha in (0.05, 0.01):
        assert (p_values < alpha).mean() <= 1.5 * alpha + 3 * np.sqrt(alpha / 400)


def test_features_that_change_alone_change_no_correlation() -> None:
    rng = np.random.default_rng(3)
    live = rows(rng, 4_000)
    live[0] += 1.0
    live[1] *= 1.3

    found = judged(live)

    assert np.abs(found.live[found.most_certain] - found.reference[found.most_certain]) < 0.1


def test_a_shuffled_feature_is_seen_in_five_hundred_rows_and_named() -> None:
    rng = np.random.default_rng(4)
    live = rows(rng, 500)
    live[3] = rng.permutation(live[3])

    found = judged(live)

    assert found.p_value < 1e-9
    assert contributions(found).argmax() == 3


def test_a_dependence_without_correlation_is_seen_by_the_second_scores() -> None:
    rng = np.random.default_rng(5)
    x = rng.normal(size=20_000)
    tied = np.array([x, np.abs(x) + 0.3 * rng.normal(size=20_000)])
    profile = profile_of(tied)
    apart = kept(rng.normal(size=(2, 1_000)), profile)

    found = judged_by(joint_of(kept(tied, profile)), apart)

    assert found.p_value < 1e-9


def test_two_parts_add_up_to_the_whole() -> None:
    halves = joint_of(kept(REFERENCE[:, :8_000])).merge(joint_of(kept(REFERENCE[:, 8_000:])))

    assert halves.rows == KNOWN.rows
    assert np.allclose(halves.correlations, KNOWN.correlations, atol=0.01)
    assert np.allclose(halves.influence, KNOWN.influence, atol=0.05)


def test_the_variance_of_a_correlation_is_about_what_samples_show() -> None:
    rng = np.random.default_rng(6)
    samples = np.array([judged(rows(rng, 1_000)).z for _ in range(300)])

    upper = np.triu_indices(FEATURES, 1)
    # The largest of four standard normal figures, which hang together, has a mean square between 1 and 2.4.
    assert 0.8 < (samples**2).mean(axis=0)[upper].mean() < 2.4


def test_a_feature_that_is_left_out_has_no_part() -> None:
    rng = np.random.default_rng(9)
    live = rows(rng, 1_000)
    live[3] = rng.permutation(live[3])

    found = judged_by(KNOWN, kept(live), left_out=3)

    assert found.p_value > 0.001
    assert contributions(found)[3] == 0


def test_more_features_than_take_part_are_left_out_and_numeric_ones_come_first() -> None:
    columns = {f"c{at}": ["a", "b"] * 20 for at in range(10)} | {
        f"x{at}": list(range(40)) for at in range(MOST_FEATURES)
    }
    side = recounted(columns).sides[Side.INPUT]

    chosen = taking_part(side.features)

    assert [side.features[at].name for at in chosen] == [f"x{at}" for at in range(MOST_FEATURES)]


def test_a_profile_keeps_its_pairs_as_a_file() -> None:
    profile = recounted({"a": REFERENCE[0].tolist(), "b": REFERENCE[1].tolist()})

    again = loads(dumps(profile))

    joint, before = again.sides[Side.INPUT].joint, profile.sides[Side.INPUT].joint
    assert joint is not None
    assert before is not None
    assert joint.correlations == pytest.approx(before.correlations, abs=1e-5)
    assert digest(again) == digest(profile)


def test_a_monitor_tells_of_features_that_come_apart_and_of_their_coming_together_again() -> None:
    rng = np.random.default_rng(7)
    names = [f"x{at}" for at in range(FEATURES)]
    profile = recounted(dict(zip(names, REFERENCE.tolist(), strict=True)))
    monitor = Monitor(Settings(window=WindowSettings(rows=1_000)), profile, (), 0.0)
    events: list[Event] = []

    def send(values: Floats) -> None:
        sent: Frame = frame(dict(zip(names, values.tolist(), strict=True)))
        events.extend(monitor.feed_frames([sent], 0.0))

    send(rows(rng, 5_000))
    shuffled = rows(rng, 2_000)
    shuffled[2] = rng.permutation(shuffled[2])
    send(shuffled)
    send(rows(rng, 3_000))

    told = [event for event in events if isinstance(event, JointChanged)]
    assert [(event.before, event.report.state) for event in told] == [(State.OK, State.DRIFT), (State.DRIFT, State.OK)]
    assert told[0].rows_seen == 6_000
    assert told[0].report.features[0][0] == "x2"
    assert all("x2" in (pair.first, pair.second) for pair in told[0].report.pairs)
