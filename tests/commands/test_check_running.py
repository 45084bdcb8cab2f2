"""What `check --admin` says of a sidecar that runs: an error is wrong now, a finding was counted or should be known."""

from __future__ import annotations

import pytest

from harness.observed import snapshot
from sidecar.commands.asking import Answered
from sidecar.commands.check_running import Level, judged
from sidecar.proxy.fallback import render
from sidecar.settings import ModelSettings

ALIVE = Answered(200, b'{"status":"alive"}')
READY = Answered(200, b'{"status":"ready"}')
UP = (
    "sidecar_observer_up 1\nsidecar_observer_restarts_total 0\n"
    'sidecar_exchanges_total{protocol="http1",outcome="complete"} 12\n'
    'model_reference_info{source="file",side="input"} 1\n'
)


def said(metrics: str, livez: Answered = ALIVE, readyz: Answered = READY) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for line in judged(livez, readyz, Answered(200, metrics.encode())):
        found.setdefault(line.about, []).append((line.level, line.said))
    return found


def test_where_all_is_well_every_line_says_so() -> None:
    found = said(UP)

    assert set(found) == {"process", "model", "traffic", "observer", "reference", "shed", "refusals", "faults"}
    assert {level for lines in found.values() for level, _ in lines} == {Level.OK}


@pytest.mark.parametrize(
    ("series", "about", "words"),
    [
        ('sidecar_shed_total{stage="tap",reason="memory"} 3', "shed", "tap/memory 3"),
        ('sidecar_refused_connections_total{reason="connections"} 4', "refusals", "connections 4"),
        ('sidecar_faults_total{kind="sink"} 5', "faults", "sink 5"),
        ('sidecar_sink_events_total{sink="otlp",result="dropped"} 6', "sinks", "otlp/dropped 6"),
        ('sidecar_log_lines_lost_total{process="traffic"} 7', "log", "7"),
        ('sidecar_reference_reloads_total{result="failed"} 8', "reference", "failed 8"),
        ('model_drifted_features{side="input"} 2', "verdicts", "drift: 2"),
        ('model_mismatched_features{side="input",explanation="none"} 1', "verdicts", "mismatch: 1"),
        ('model_reference_info{source="learning",side="output"} 1', "reference", "is being learned"),
        ('sidecar_exchanges_total{protocol="http1",outcome="upstream_refused"} 9', "traffic", "no connection: http1 9"),
    ],
)
def test_what_was_counted_is_a_finding_that_names_it(series: str, about: str, words: str) -> None:
    findings = [text for level, text in said(f"{UP}{series}\n")[about] if level == Level.FINDING]

    assert [text for text in findings if words in text], findings
    assert Level.ERROR not in {level for lines in said(f"{UP}{series}\n").values() for level, _ in lines}


def test_events_that_were_sent_and_references_that_were_read_are_no_findings() -> None:
    assert said(
        f'{UP}sidecar_sink_events_total{{sink="otlp",result="sent"}} 6\n'
        'sidecar_reference_reloads_total{result="ok"} 1\nmodel_drifted_features{side="input"} 0\n'
    ) == said(UP)


def test_an_observer_that_was_started_again_and_traffic_that_never_came_are_findings() -> None:
    found = said("sidecar_observer_up 1\nsidecar_observer_restarts_total 2\n")

    assert found["observer"] == [(Level.FINDING, "up; it was started again 2 times, its log says why")]
    assert found["traffic"][0][0] == Level.FINDING
    assert found["reference"][0][0] == Level.FINDING


def test_without_an_observer_the_numbers_of_the_traffic_process_are_judged() -> None:
    found = said(render(snapshot(3), ModelSettings()))

    assert found["observer"] == [(Level.ERROR, "the observer is down: traffic passes, and nothing is analysed")]
    assert found["traffic"] == [(Level.OK, "4 exchanges have passed")]  # one more is opaque
    assert not {"reference", "faults"} & set(found), "of these only the observer knows"


@pytest.mark.parametrize(
    ("status", "level", "words"),
    [
        (b'{"status":"model does not accept connections"}', Level.ERROR, "model does not accept connections"),
        (b'{"status":"draining"}', Level.FINDING, "told to leave"),
        (b"<html>", Level.ERROR, "status 503"),
        (b"[]", Level.ERROR, "status 503"),
    ],
)
def test_what_is_not_ready_says_why(status: bytes, level: Level, words: str) -> None:
    ((found, text),) = said(UP, readyz=Answered(503, status))["model"]

    assert found == level
    assert words in text


def test_what_answers_health_or_metrics_with_an_error_is_an_error() -> None:
    assert said(UP, livez=Answered(404, b""))["process"] == [(Level.ERROR, "/livez answers with status 404")]
    (*_, last) = judged(ALIVE, READY, Answered(500, b""))
    assert last == ("metrics", Level.ERROR, "/metrics answers with status 500")
