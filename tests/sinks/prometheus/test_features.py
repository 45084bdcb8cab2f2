"""The families with samples for each feature, as the text that a scraper reads."""

from __future__ import annotations

import math

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families

from harness.exposition import everything, render, samples, value
from harness.observed import drifted_monitor, monitor, reference, snapshot
from sidecar.sink import Observed
from sidecar.sinks.prometheus.features import FeatureText, Of, escaped, number


@pytest.fixture(scope="module")
def observed() -> Observed:
    return everything()


def test_label_values_are_escaped(observed: Observed) -> None:
    machine = monitor(reference(('a"b\\c\nd', "income")))
    text = render(Observed(snapshot(), machine.view(), {}))
    assert {one.labels["feature"] for one in samples(text, "model_reference_rows")} >= {'a"b\\c\nd'}


def test_a_measure_without_enough_rows_has_no_score() -> None:
    text = render(Observed(snapshot(), monitor().view(), {}))
    assert samples(text, "model_drift_score") == []


def test_bins_of_a_feature_add_up_to_its_rows(observed: Observed) -> None:
    text = render(observed)
    bins = [one.value for one in samples(text, "model_feature_bin_total") if one.labels["feature"] == "age"]
    assert sum(bins) == 3001
    ratios = [one.value for one in samples(text, "model_reference_bin_ratio") if one.labels["feature"] == "age"]
    assert sum(ratios) == pytest.approx(1)


def test_the_state_is_one_hot_and_the_drifted_feature_is_the_one_that_moved(observed: Observed) -> None:
    text = render(observed)
    states = {
        one.labels["state"]: one.value for one in samples(text, "model_drift_state") if one.labels["feature"] == "age"
    }
    assert states == {"insufficient": 0, "ok": 0, "warning": 0, "drift": 1, "mismatch": 0}
    assert value(text, "model_drifted_features", side="input") == 1
    assert value(text, "model_drift_state", feature="income", state="drift") == 0


def written(openmetrics: bool) -> str:
    sides = [Of.of(("loans", "7"), side) for side in drifted_monitor().view().sides]
    shown = [(of, one) for of in sides for one in of.side.features]
    return "".join(FeatureText().write(shown, sides, openmetrics))


def test_both_formats_read_the_same_families_and_samples() -> None:
    plain = text_string_to_metric_families(written(openmetrics=False))
    other = parse_openmetrics(written(openmetrics=True) + "# EOF\n")  # type: ignore[no-untyped-call]

    read = [
        {
            (sample.name, *sorted(sample.labels.items())): sample.value
            for family in families
            for sample in family.samples
        }
        for families in (plain, other)
    ]
    assert read[0] == read[1]
    assert len(read[0]) > 100


def test_each_family_stands_together_under_its_own_head() -> None:
    heads = [line.split()[2] for line in written(openmetrics=False).splitlines() if line.startswith("# TYPE")]

    assert len(set(heads)) == len(heads)


def test_all_features_together_have_evidence_and_a_verdict_of_their_own() -> None:
    text = written(openmetrics=False)

    together = drifted_monitor().view().sides[0].all_features

    assert together is not None
    assert value(text, "model_drift_state", side="input", feature="*", state=together.state) == 1
    assert value(text, "model_drift_evidence", side="input", feature="*") == together.evidence


@pytest.mark.parametrize(
    ("figure", "text"),
    [(1.0, "1.0"), (1e-300, "1e-300"), (math.inf, "+Inf"), (-math.inf, "-Inf"), (math.nan, "NaN")],
)
def test_a_number_is_written_as_both_formats_have_it(figure: float, text: str) -> None:
    assert number(figure) == text


@pytest.mark.parametrize("label", ['a"b', "a\\b", "a\nb", '\\"\n', "plain", "größe"])
def test_what_is_escaped_reads_back(label: str) -> None:
    (family,) = text_string_to_metric_families(f'x{{l="{escaped(label)}"}} 1\n')

    assert family.samples[0].labels == {"l": label}
