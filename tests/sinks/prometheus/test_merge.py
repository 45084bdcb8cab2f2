"""The model's own metrics behind ours, in one page."""

from __future__ import annotations

import subprocess

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from harness.exposition import OPENMETRICS, by_labels
from harness.observed import SETTINGS, drifted_monitor, snapshot
from harness.pages import READABLE, Page
from sidecar.core.reading.metrics_page import RESULTS, Merging, ModelPage, read_page
from sidecar.sink import Observed
from sidecar.sinks.prometheus import PrometheusSink
from sidecar.sinks.prometheus.families import Families
from sidecar.sinks.prometheus.merge import Merger

CLASHING = Page(
    b"# HELP model_rows Rows of theirs.\n# TYPE model_rows counter\nmodel_rows_total 4\n"
    b"# TYPE model_rows_of_theirs gauge\nmodel_rows_of_theirs 1\n"
)


def observed(page: ModelPage | None) -> Observed:
    results = dict.fromkeys(RESULTS, 0) | {"ok" if page else "unreachable": 3}
    return Observed(snapshot(), drifted_monitor().view(), {}, {}, merging=Merging(page, results))


def merged(page: Page, accept: str = "") -> tuple[str, str]:
    body, content_type = PrometheusSink(SETTINGS).render(observed(read_page(*page)), accept)
    return body.decode(), content_type


def totals(text: str) -> dict[str, float]:
    return {
        sample.name + str(sample.labels.get("result", "")): sample.value
        for family in parse_text(text)
        for sample in family.samples
        if family.name.startswith("sidecar_merge")
    }


def test_one_page_has_both() -> None:
    text, content_type = merged(READABLE["of_vllm"])
    families = {family.name for family in parse_text(text)}
    assert {"model_rows", "vllm:e2e_request_latency_seconds", "sidecar_merge_up"} <= families
    assert content_type.startswith("text/plain")
    assert totals(text)["sidecar_merge_up"] == 1
    assert totals(text)["sidecar_merges_totalok"] == 3


@pytest.mark.system
def test_promtool_is_content_with_both() -> None:
    text, _ = merged(READABLE["of_triton"])
    checked = subprocess.run(["promtool", "check", "metrics"], input=text, text=True, capture_output=True, check=False)
    problems = [line for line in checked.stdout.splitlines() + checked.stderr.splitlines() if "nv_" not in line]
    assert problems == []


def test_openmetrics_of_both_ends_once() -> None:
    text, content_type = merged(READABLE["openmetrics_exemplar"], OPENMETRICS)
    assert content_type.startswith("application/openmetrics-text")
    families = parse_openmetrics(text)  # type: ignore[no-untyped-call]  # prometheus_client leaves it untyped
    assert {"model_rows", "x"} <= {family.name for family in families}
    assert text.count("# EOF") == 1


def test_the_answer_is_text_where_the_model_knows_no_other() -> None:
    text, content_type = merged(READABLE["of_vllm"], OPENMETRICS)
    assert content_type.startswith("text/plain")
    assert "# EOF" not in text


def test_a_model_that_does_not_answer_costs_its_own_metrics_alone() -> None:
    body, content_type = PrometheusSink(SETTINGS).render(observed(None), OPENMETRICS)
    text = body.decode()
    assert content_type.startswith("application/openmetrics-text")
    assert "model_rows_total" in text
    assert "sidecar_merge_up{" in text
    assert [line.rpartition(" ")[2] for line in text.splitlines() if line.startswith("sidecar_merge_up{")] == ["0.0"]


def test_families_of_ours_are_never_the_model_s_and_what_that_costs_is_counted() -> None:
    sink = PrometheusSink(SETTINGS)
    twice = [sink.render(observed(read_page(*CLASHING)), "")[0].decode() for _ in range(2)]
    assert "theirs" in twice[0]
    assert "Rows of theirs" not in twice[0]
    assert "\nmodel_rows_total 4" not in twice[0]
    assert [totals(text)["sidecar_merge_clashes_total"] for text in twice] == [0, 3]


@pytest.mark.parametrize("accept", ["", OPENMETRICS])
def test_without_the_setting_nothing_is_said_of_merging(accept: str) -> None:
    body, _ = PrometheusSink(SETTINGS).render(observed(None)._replace(merging=None), accept)
    assert b"sidecar_merge" not in body


@pytest.mark.parametrize("readable", [True, False])
def test_it_is_told_whether_the_model_s_metrics_are_here_and_what_asking_came_to(readable: bool) -> None:
    page = read_page(*READABLE["of_vllm"]) if readable else None
    merging = Merging(page, {"ok": 5, "unreachable": 2})

    up, asked, clashes = Merger().families(Families(SETTINGS.model), merging)

    assert by_labels(up) == {(): float(readable)}
    assert by_labels(asked) == {("ok",): 5, ("unreachable",): 2}
    assert by_labels(clashes) == {(): 0}


def test_only_whole_families_of_ours_are_left_out() -> None:
    page = read_page(*CLASHING)
    assert page is not None

    kept = Merger().beside(b"# TYPE model_rows counter\nmodel_rows_total 1\n", page)

    assert b"model_rows_of_theirs 1" in kept
    assert b"model_rows_total" not in kept
