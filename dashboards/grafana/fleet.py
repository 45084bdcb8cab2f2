"""Fleet: every model at a glance. Which one needs a look?"""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard

from dashboards.grafana.frame import board, rows
from dashboards.grafana.panels import Query, graph, listing, number, opening
from dashboards.grafana.promql import BY_MODEL, legend, quantile, rate, rates

MODEL = 'namespace=~"$namespace",model_name=~"$model"'
_BY = f"namespace, {BY_MODEL}"
_DRIFTED = f'max by ({_BY}, side, feature) (model_drift_state{{{MODEL},state="drift",feature!="*"}}) == 1'
_QUIET = f"0 * count by ({_BY}) (sidecar_build_info{{{MODEL}}})"
"""A zero for each model: what did not happen is not absent."""
_TO_MODEL = opening(
    "Open the model",
    "/d/drift-sidecar-model?var-model=${__data.fields.model_name}&var-version=${__data.fields.model_version}",
)


def fleet() -> Dashboard:
    """The dashboard."""
    made = board("fleet", "Models: fleet", "Traffic, errors, latency and drift of all models.", ("namespace", "model"))
    return rows(made, {"Now": _now(), "Models": [_models()], "Over time": _over_time(), "Sidecars": _sidecars()})


def _now() -> list[object]:
    return [
        number(
            "Models",
            "Models that a sidecar watches.",
            "none",
            Query(f"count(count by ({_BY}) (sidecar_build_info{{{MODEL}}}))"),
        ),
        number("Sidecars", "Pods with a sidecar.", "none", Query(f"count(sidecar_build_info{{{MODEL}}})")),
        number(
            "Requests", "Requests a second to all of them.", "reqps", Query(f"sum(model:requests:rate5m{{{MODEL}}})")
        ),
        number(
            "Drifted features",
            "Features in state drift in any pod.",
            "none",
            Query(f"count({_DRIFTED}) or vector(0)"),
            (1,),
        ),
        number(
            "Failing",
            "Share of requests that end with 5xx.",
            "percentunit",
            Query(f"sum(model:failures:rate5m{{{MODEL}}}) / sum(model:requests:rate5m{{{MODEL}}})"),
            (0.005, 0.05),
        ),
        number(
            "Observers down",
            "Pods in which nothing is measured. Requests are not affected.",
            "none",
            Query(f"count(sidecar_observer_up{{{MODEL}}} == 0) or vector(0)"),
            (1,),
        ),
    ]


def _models() -> object:
    queries = (
        Query(f"sum by ({_BY}) (model:requests:rate5m{{{MODEL}}})", "requests/s"),
        Query(f"sum by ({_BY}) (model:error_ratio:5m{{{MODEL}}})", "error ratio"),
        Query(f"sum by ({_BY}) (model:latency_p95:5m{{{MODEL}}})", "p95 (s)"),
        Query(f"count by ({_BY}) ({_DRIFTED}) or {_QUIET}", "drifted features"),
        Query(f"count by ({_BY}) (sidecar_build_info{{{MODEL}}})", "pods"),
        Query(f"count by ({_BY}) (sidecar_observer_up{{{MODEL}}} == 0) or {_QUIET}", "observers down"),
    )
    return listing(
        "Models at a glance", "A line a model and version; click one to open it.", "short", *queries, links=[_TO_MODEL]
    )


def _over_time() -> list[object]:
    refused = rate("sidecar_exchanges_total", _BY, f'{MODEL},outcome="upstream_refused"')
    return [
        graph(
            "Traffic",
            "Requests a second.",
            "reqps",
            Query(f"model:requests:rate5m{{{MODEL}}}", legend(BY_MODEL)),
            stacked=True,
        ),
        graph(
            "Errors",
            "Share of requests that end with 5xx.",
            "percentunit",
            Query(f"model:error_ratio:5m{{{MODEL}}}", legend(BY_MODEL)),
            limits=(0.005, 0.05),
        ),
        graph(
            "Latency",
            "95 % of the requests are answered within this.",
            "s",
            Query(f"model:latency_p95:5m{{{MODEL}}}", legend(BY_MODEL)),
            limits=(0.5,),
        ),
        graph(
            "Drifted features",
            "Features in state drift in any pod.",
            "none",
            Query(f"count by ({_BY}) ({_DRIFTED}) or {_QUIET}", legend(BY_MODEL)),
            limits=(1,),
        ),
        graph(
            "Strongest drift",
            "The largest PSI of any feature over the last hour and all pods, without small-sample bias.",
            "none",
            Query(f"max by (namespace, model_name, side) (model:drift_psi:1h{{{MODEL}}})", "{{model_name}} {{side}}"),
            limits=(0.1, 0.25),
        ),
        graph(
            "Refused by the model",
            "Requests that the model accepted no connection for; the client got 503 and `x-sidecar-error`.",
            "reqps",
            Query(f"{refused} or {_QUIET}", legend(BY_MODEL)),
        ),
    ]


def _sidecars() -> list[object]:
    own = 'container="drift-sidecar",namespace=~"$namespace"'
    return [
        graph(
            "Added latency",
            "From reading bytes to handing them to the kernel: 99 % of the exchanges below this.",
            "s",
            Query(quantile(0.99, "sidecar_added_latency_seconds", MODEL, "model_name"), "{{model_name}}"),
        ),
        graph(
            "CPU",
            "Cores used by all sidecars of a namespace.",
            "short",
            rates("container_cpu_usage_seconds_total", "namespace", own),
        ),
        graph(
            "Memory",
            "Working set of the sidecar that needs most, by namespace.",
            "bytes",
            Query(f"max by (namespace) (container_memory_working_set_bytes{{{own}}})", "{{namespace}}"),
        ),
    ]
