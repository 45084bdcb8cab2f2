"""Model: how one model serves and what it is fed; its versions stand beside each other."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard

from dashboards.grafana.frame import MODEL, POD, board, rows
from dashboards.grafana.panels import Query, buckets, graph, listing, opening, state_of, timeline
from dashboards.grafana.promql import BY_CONTAINER, BY_MODEL, legend, quantile, quantiles, rate, rates

_DURATION = "http_server_request_duration_seconds"
_NAME = legend(BY_MODEL)
_NO_POD = 'namespace=~"$namespace",pod=~"$pod"'
_TO_FEATURE = opening(
    "Open the feature",
    "/d/drift-sidecar-feature?var-model=${__data.fields.model_name}&var-side=${__data.fields.side}&var-feature=${__data.fields.feature}",
)


def model() -> Dashboard:
    """The dashboard."""
    text = "Requests, errors and durations of a model by version; payloads; drift of its features; its container."
    made = board("model", "Models: model", text, ("namespace", "model", "version", "pod"))
    sections = {
        "Serving": _serving(),
        "Where the time goes": _time(),
        "Drift": _drift(),
        "Container": [*_container(), *_processes()],
    }
    return rows(made, sections)


def _serving() -> list[object]:
    requests = f"{_DURATION}_count"
    failed = rate(requests, BY_MODEL, f'{POD},http_response_status_code=~"5.."')
    every = rate(requests, BY_MODEL, POD)
    return [
        graph("Requests by version", "Requests a second.", "reqps", Query(every, _NAME), stacked=True),
        graph(
            "Answers by the version they name",
            "Decoded answers a second, for servers that take up another model without a restart.",
            "reqps",
            rates("model_answers_total", "answered_version", POD),
            stacked=True,
        ),
        graph(
            "Requests by status",
            "Requests a second.",
            "reqps",
            rates(requests, "http_response_status_code", POD),
            stacked=True,
        ),
        graph(
            "Errors by version",
            "Share of requests that end with 5xx.",
            "percentunit",
            Query(f"({failed} or 0 * {every}) / {every}", _NAME),
            limits=(0.005, 0.05),
        ),
        graph(
            "Latency by version",
            "95 and 99 % of the requests are answered within this. Dots are traces of single requests.",
            "s",
            *quantiles(_DURATION, POD, 0.95, 0.99, exemplar=True),
        ),
        graph(
            "Latency by route",
            "95 % of the requests of a route are answered within this.",
            "s",
            Query(quantile(0.95, _DURATION, POD, "http_route"), "{{http_route}}"),
        ),
        graph(
            "In flight",
            "Requests that wait for their answer.",
            "short",
            Query(f"sum by ({BY_MODEL}) (http_server_active_requests{{{POD}}})", _NAME),
        ),
        buckets(
            "How durations are distributed",
            "Requests by how long they took.",
            "s",
            Query(rate(f"{_DURATION}_bucket", "le", POD), "{{le}}", exemplar=True),
        ),
    ]


def _time() -> list[object]:
    size = "http_server_{}_body_size_bytes"
    return [
        graph(
            "The model's time",
            "95 % of the answers begin within this.",
            "s",
            Query(quantile(0.95, "sidecar_upstream_first_byte_seconds", POD), _NAME),
        ),
        graph(
            "The sidecar's time",
            "From reading bytes to handing them to the kernel, request and response.",
            "s",
            *quantiles("sidecar_added_latency_seconds", POD, 0.5, 0.99),
        ),
        graph(
            "Payloads",
            "95 % of the bodies are smaller than this.",
            "bytes",
            Query(quantile(0.95, size.format("request"), POD), f"to {_NAME}"),
            Query(quantile(0.95, size.format("response"), POD), f"from {_NAME}"),
        ),
        graph(
            "Rows",
            "Rows a second that went in and came out.",
            "rowsps",
            Query(rate("model_rows_total", f"side, {BY_MODEL}", POD), "{{side}} {{model_version}}"),
        ),
        graph(
            "Schema",
            "Rows a second that break it, by kind.",
            "rowsps",
            Query(f"{rate('model_feature_violations_total', 'feature, kind', POD)} > 0", "{{kind}} {{feature}}"),
        ),
    ]


def _drift() -> list[object]:
    of_model = 'namespace=~"$namespace",model_name=~"$model"'
    top = f"topk(20, model:drift_psi:1h{{{of_model}}})"
    same = "on (namespace, model_name, side, feature)"
    evidence = f"max by (namespace, model_name, side, feature) (model_drift_evidence{{{POD}}})"
    return [
        timeline(
            "Verdicts",
            "The worst verdict of any pod on each feature; `*` is all features together.",
            Query(state_of("side, feature", POD), "{{side}} {{feature}}"),
        ),
        listing(
            "Most drifted features",
            "Over the last hour and all pods, without small-sample bias; click one to open it.",
            "none",
            Query(top, "PSI"),
            Query(f"{evidence} and {same} {top}", "evidence (log10)"),
            Query(f"model:drift_rows:1h{{{of_model}}} and {same} {top}", "rows"),
            links=[_TO_FEATURE],
        ),
        graph(
            "Drifted features by version",
            "Features in state drift in any pod.",
            "none",
            Query(f"max by ({BY_MODEL}, side) (model_drifted_features{{{POD}}})", "{{side}} {{model_version}}"),
            limits=(1,),
        ),
        timeline(
            "Verdicts on features together",
            "The worst verdict of any pod on how features hang together.",
            Query(state_of(f"side, {BY_MODEL}", MODEL, "model_joint_drift_state"), "{{side}} {{model_version}}"),
        ),
        graph(
            "Features together",
            "The change of the correlation of two features that is most certain to be one.",
            "none",
            Query(f"max by (side, {BY_MODEL}) (model_joint_drift_effect{{{MODEL}}})", "{{side}} {{model_version}}"),
            limits=(0.1,),
        ),
    ]


def _container() -> list[object]:
    other = f'{_NO_POD},container!="",container!="POD"'
    throttled, periods = (
        rate(f"container_cpu_cfs_{which}_total", BY_CONTAINER, other) for which in ("throttled_periods", "periods")
    )
    return [
        graph(
            "CPU",
            "Cores that each container uses (cAdvisor).",
            "short",
            rates("container_cpu_usage_seconds_total", BY_CONTAINER, other),
        ),
        graph(
            "Throttled",
            "Share of scheduling periods in which a container was held back (cAdvisor).",
            "percentunit",
            Query(f"{throttled} / {periods}", legend(BY_CONTAINER)),
            limits=(0.1, 0.25),
        ),
        graph(
            "Memory",
            "Working set of each container (cAdvisor).",
            "bytes",
            Query(f"sum by ({BY_CONTAINER}) (container_memory_working_set_bytes{{{other}}})", legend(BY_CONTAINER)),
        ),
        graph(
            "Restarts",
            "Times that containers were started again (kube-state-metrics).",
            "none",
            Query(
                f"sum by ({BY_CONTAINER}) (increase(kube_pod_container_status_restarts_total{{{_NO_POD}}}[$__range]))",
                legend(BY_CONTAINER),
            ),
            limits=(1,),
        ),
    ]


def _processes() -> list[object]:
    return [
        graph(
            "The model's CPU",
            "Cores that the model's processes use, where the pod shares its process namespace.",
            "short",
            rates("model_container_cpu_seconds_total", f"pod, {BY_MODEL}", POD),
        ),
        graph(
            "The model's memory",
            "Resident memory of the model's processes, where the pod shares its process namespace.",
            "bytes",
            Query(f"sum by (pod, {BY_MODEL}) (model_container_memory_bytes{{{POD}}})", f"{{{{pod}}}} {_NAME}"),
        ),
        graph(
            "The model's threads and files",
            "Threads and open files of the model's processes, where the pod shares its process namespace.",
            "short",
            Query(f"sum by (pod, {BY_MODEL}) (model_container_threads{{{POD}}})", f"threads {{{{pod}}}} {_NAME}"),
            Query(f"sum by (pod, {BY_MODEL}) (model_container_descriptors{{{POD}}})", f"files {{{{pod}}}} {_NAME}"),
        ),
        graph(
            "The model's restarts",
            "Times that the model's oldest process was another one, where the pod shares its process namespace.",
            "none",
            Query(f"changes(model_container_start_time_seconds{{{POD}}}[$__range])", f"{{{{pod}}}} {_NAME}"),
            limits=(1,),
        ),
    ]
