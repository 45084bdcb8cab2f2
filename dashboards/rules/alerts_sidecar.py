"""Alerts about the sidecar itself: what it loses, and where it is not."""

from __future__ import annotations

from dashboards.rules.rule import MODEL, Alert, by, rate

JOB = ".*drift-sidecar.*"
"""What Prometheus calls the job that scrapes sidecars: a PodMonitor's is `NAMESPACE/drift-sidecar`."""
CONTAINER = "drift-sidecar"

_LOST = rate("sidecar_shed_total")
_EXCHANGES = rate("sidecar_exchanges_total")
_FAILED = rate("sidecar_sink_events_total", "sink", where='result!="sent"')
_EVENTS = rate("sidecar_sink_events_total", "sink")
ITSELF = (
    Alert(
        "SidecarShedding",
        f"{_LOST} / ({_EXCHANGES} > 0) > 0.01",
        "10m",
        "warning",
        "Sidecars of <model> cannot keep up",
        """<percent> of the exchanges of <model><where> were dropped on the way to analysis, whole or without
        their bodies. Requests are not affected; drift rests on fewer rows.""",
    ),
    Alert(
        "SidecarObserverDown",
        f"count {by(*MODEL)} (sidecar_observer_up == 0)",
        "1m",
        "warning",
        "Analysis of <model> is down in <count> pods",
        """The observer of <count> sidecars of <model><where> is not running, so nothing is measured there.
        Requests are not affected.""",
    ),
    Alert(
        "SidecarObserverRestarting",
        f"sum {by(*MODEL)} (increase(sidecar_observer_restarts_total[15m])) > 3",
        "0m",
        "warning",
        "Analysis of <model> keeps being restarted",
        """Observers of <model><where> were started again <count> times in 15 minutes. Their log says why;
        memory is the usual reason.""",
    ),
    Alert(
        "SidecarSinkFailing",
        f"{_FAILED} / ({_EVENTS} > 0) > 0.05",
        "10m",
        "warning",
        "The <sink> sink of <model> loses events",
        """<percent> of the events for <sink> of <model><where> were dropped or failed.""",
    ),
    Alert(
        "SidecarMergeFailing",
        f"count {by(*MODEL)} (sidecar_merge_up == 0)",
        "10m",
        "warning",
        "The own metrics of <model> are missing in <count> pods",
        """<count> sidecars of <model><where> were told to merge the model's own metrics and cannot. What the sidecars
        measure themselves is there.""",
    ),
    Alert(
        "SidecarScrapeMissing",
        f'up{{job=~"{JOB}"}} == 0',
        "5m",
        "warning",
        "<instance> cannot be scraped",
        """Prometheus has not reached <instance> (<job>) for five minutes. Nothing that it measures is seen.""",
    ),
)

_WANTED = 'kube_namespace_labels{label_drift_sidecar_inject="enabled"}'
_RUNNING = f'kube_pod_status_phase{{phase="Running"}} == 1 and on (namespace) {_WANTED}'
_REFUSED = 'kube_pod_labels{label_drift_sidecar_inject="disabled"}'
_HAS = " or ".join(
    f'{name}{{container="{CONTAINER}"}}' for name in ("kube_pod_container_info", "kube_pod_init_container_info")
)
KUBERNETES = (
    Alert(
        "WebhookFailedOpen",
        'sum by (name) (increase(apiserver_admission_webhook_fail_open_count{name=~".*inject.drift-sidecar"}[10m])) > 0',
        "0m",
        "warning",
        "Pods were made without asking the webhook",
        """The API server let <count> pods through without a review by <name> in ten minutes, because the webhook did
        not answer. They have no sidecar until they are restarted.""",
    ),
    Alert(
        "PodWithoutSidecar",
        f"""
        max by (namespace, pod) ({_RUNNING})
          unless on (namespace, pod) ({_HAS})
          unless on (namespace, pod) {_REFUSED}
        """,
        "10m",
        "warning",
        "<namespace>/<pod> has no sidecar",
        """The namespace <namespace> asks for sidecars, and pod <pod> has run without one for ten minutes. The
        webhook may have been away when it was made: it fails open. Ask `drift-sidecar doctor`.""",
    ),
)
