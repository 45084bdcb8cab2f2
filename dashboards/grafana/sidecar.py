"""Sidecar: is the sidecar itself well, and what does it lose?"""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard

from dashboards.grafana.frame import POD, board, rows
from dashboards.grafana.panels import Query, buckets, graph, listing, number
from dashboards.grafana.promql import rate, rates


def sidecar() -> Dashboard:
    """The dashboard."""
    text = "What the sidecar adds, sheds, fails to read and fails to send; its observer, memory and references."
    made = board("sidecar", "Models: sidecar", text, ("namespace", "model", "version", "pod"))
    sections = {"Now": _now(), "Traffic": _traffic(), "Analysis": _analysis(), "Container": _container()}
    return rows(made, sections)


def _during(metric: str) -> Query:
    """How much a counter grew in the time shown."""
    return Query(f"sum(increase({metric}{{{POD}}}[$__range]))")


def _now() -> list[object]:
    unread = f'sidecar_decoded_total{{{POD},result!="ok"}}'
    return [
        number(
            "Observers up",
            "Share of pods whose observer runs.",
            "percentunit",
            Query(f"avg(sidecar_observer_up{{{POD}}})"),
        ),
        number(
            "Observer restarts",
            "In the time shown.",
            "none",
            _during("sidecar_observer_restarts_total"),
            (1, 4),
        ),
        number(
            "Shed",
            "Exchanges dropped on the way to analysis, in the time shown.",
            "none",
            _during("sidecar_shed_total"),
            (1,),
        ),
        number(
            "Unread",
            "Share of the messages that did not decode.",
            "percentunit",
            Query(
                f"(sum(rate({unread}[$__rate_interval])) or vector(0))"
                f" / sum(rate(sidecar_decoded_total{{{POD}}}[$__rate_interval]))"
            ),
            (0.01, 0.05),
        ),
        number("Waiting", "Bytes that wait for the observer.", "bytes", Query(f"sum(sidecar_handoff_bytes{{{POD}}})")),
        number(
            "Releases",
            "Different releases of the sidecar.",
            "none",
            Query(f"count(count by (version) (sidecar_build_info{{{POD}}}))"),
            (2,),
        ),
    ]


def _traffic() -> list[object]:
    return [
        graph(
            "Exchanges by outcome",
            "Exchanges a second; `opaque` connections are forwarded and not watched.",
            "reqps",
            rates("sidecar_exchanges_total", "protocol, outcome", POD),
            stacked=True,
        ),
        graph(
            "Shed",
            "Dropped a second on the way to analysis, by stage and reason; never a request.",
            "reqps",
            rates("sidecar_shed_total", "stage, reason", POD),
        ),
        graph(
            "Queue",
            "Bytes that wait for the observer.",
            "bytes",
            Query(f"sidecar_handoff_bytes{{{POD}}}", "{{pod}} {{instance}}"),
        ),
        buckets(
            "Added latency",
            "Exchanges by the time from reading their bytes to handing them to the kernel, request and response.",
            "s",
            rates("sidecar_added_latency_seconds_bucket", "le", POD),
        ),
    ]


def _analysis() -> list[object]:
    return [
        graph(
            "Decoded",
            "Messages a second by decoder and result.",
            "reqps",
            rates("sidecar_decoded_total", "decoder, result", POD),
        ),
        graph(
            "Sinks",
            "Events a second by sink and what became of them.",
            "ops",
            rates("sidecar_sink_events_total", "sink, result", POD),
        ),
        graph("Observer", "1 while it runs.", "none", Query(f"sidecar_observer_up{{{POD}}}", "{{pod}} {{instance}}")),
        graph(
            "Open window",
            "Rows of the window that is open.",
            "short",
            Query(f"model_window_rows{{{POD}}}", "{{pod}} {{side}}"),
        ),
        graph(
            "Reference files",
            "Times a minute that the reference's file was read again.",
            "none",
            Query(f"60 * {rate('sidecar_reference_reloads_total', 'result', POD)}", "{{result}}"),
        ),
        graph(
            "Segments",
            "Rows a second in each slice of the traffic, where `segments.by` is set.",
            "rowsps",
            rates("model_segment_rows_total", "segment, side", POD),
        ),
        graph(
            "Model's own metrics",
            "Scrapes a minute that asked the model for its own metrics, by result, where `metrics.merge` is set.",
            "none",
            Query(f"60 * {rate('sidecar_merges_total', 'result', POD)}", "{{result}}"),
        ),
        listing(
            "References in use", "Digest and source by pod.", "none", Query(f"model_reference_info{{{POD}}}", "in use")
        ),
    ]


def _container() -> list[object]:
    return [
        graph(
            "CPU",
            "Cores that the sidecar uses (its cgroup).",
            "short",
            Query(f"rate(sidecar_container_cpu_seconds_total{{{POD}}}[$__rate_interval])", "{{pod}}"),
        ),
        graph(
            "Throttled",
            "Seconds a second in which the sidecar was held back (its cgroup).",
            "percentunit",
            Query(f"rate(sidecar_container_cpu_throttled_seconds_total{{{POD}}}[$__rate_interval])", "{{pod}}"),
            limits=(0.05,),
        ),
        graph(
            "Memory",
            "Memory of the sidecar, and its limit (its cgroup).",
            "bytes",
            Query(f"sidecar_container_memory_bytes{{{POD}}}", "{{pod}}"),
            Query(f"sidecar_container_memory_limit_bytes{{{POD}}}", "limit {{pod}}"),
        ),
        graph(
            "Killed for memory",
            "Processes of the sidecar that were killed for memory, in the time shown (its cgroup).",
            "none",
            Query(f"increase(sidecar_container_oom_events_total{{{POD}}}[$__range])", "{{pod}}"),
            limits=(1,),
        ),
    ]
