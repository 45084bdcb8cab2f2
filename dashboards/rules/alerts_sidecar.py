"""Alerts about the sidecar itself: what it loses, and where it is not."""

from __future__ import annotations

from dashboards.rules.rule import MODEL, Alert, by, rate

JOB = ".*drift-sidecar.*"
"""What Prometheus calls the job that scrapes sidecars: a PodMonitor's is `NAMESPACE/drift-sidecar`."""

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
        "SidecarFaulty",
        f"sum {by(*MODEL, 'kind')} (increase(sidecar_faults_total[15m])) > 0",
        "0m",
        "warning",
        "A part of the analysis of <model> fails: <kind>",
        """The <kind> of observers of <model><where> failed <count> times in 15 minutes. Requests are not affected; what
        failed is missing in the figures. The log of the sidecar says why.""",
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

_WEBHOOK = "drift_sidecar_webhook"
_ENDING_DAYS = 7
"""Our own certificate is renewed ten days before its end, and cert-manager's by default a third of its life before."""
_SURVEY_SECONDS = 900
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
        "WebhookFailedClosed",
        """sum by (name) (increase(apiserver_admission_webhook_rejection_count{name=~".*inject.drift-sidecar",
        error_type="calling_webhook_error"}[10m])) > 0""",
        "0m",
        "critical",
        "Pods are not made, for the webhook does not answer",
        """The API server refused <count> pods in ten minutes, because <name> did not answer and must (failure policy Fail, or
        a namespace labelled drift-sidecar/fail-closed).""",
    ),
    Alert(
        "WebhookReviewsFailing",
        f'sum by (job) (increase({_WEBHOOK}_reviews_total{{result="failed"}}[10m])) > 0',
        "0m",
        "warning",
        "Reviews of pods fail in the webhook",
        """<count> reviews ended with an internal error in ten minutes (<job>). These pods have no sidecar, or were not
        made, as the failure policy says. The webhook's log has the traceback.""",
    ),
    Alert(
        "WebhookCertificateEnding",
        f"(min by (job) ({_WEBHOOK}_certificate_expiry_timestamp_seconds) - time()) / 86400 < {_ENDING_DAYS}",
        "10m",
        "warning",
        "The webhook's certificate is not renewed",
        """The certificate of a webhook (<job>) ends in <count> days and should have been renewed, or there is none yet. Once it
        has ended no pod gets a sidecar.""",
    ),
    Alert(
        "WebhookSurveyStale",
        f"time() - max by (job) ({_WEBHOOK}_survey_timestamp_seconds) > {_SURVEY_SECONDS}",
        "5m",
        "warning",
        "The webhook no longer looks for pods without a sidecar",
        """The last look through the cluster (<job>) was <count> seconds ago, so PodWithoutSidecar says nothing. Reviews are not
        affected.""",
    ),
    Alert(
        "PodWithoutSidecar",
        f"max by (namespace) ({_WEBHOOK}_pods_without_sidecar) > 0",
        "10m",
        "warning",
        "<count> pods in <namespace> have no sidecar",
        """In <namespace>, <count> pods that should have a sidecar have run without one for ten minutes. The webhook may have
        been away when they were made: it fails open. `drift-sidecar doctor --namespace <namespace>` names them and says why.""",
    ),
)
