"""Settings of what leaves the sidecar: traces, OTLP, captures, logs, metrics.

The attribute docstrings are the manual, here and in the neighbours: see the package.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from sidecar.settings.types import Address, Natural, Positive, Ratio, Section, Statuses, WrittenFile


class TraceSettings(Section, frozen=True):
    endpoint: Address = ""
    """OTLP endpoint for spans: `http://collector:4318/v1/traces`, with grpc `http://collector:4317`. Empty means no
    spans, and no header in the requests."""
    protocol: Literal["http", "grpc"] = "http"
    """How spans are sent. `grpc` needs `drift-sidecar[grpc]`; `http` needs nothing beside the sidecar, so it is the
    default."""
    sample_ratio: Ratio = 0.01
    """Share of new traces, from 0 to 1, that are sampled; a request that carries a trace context keeps its own
    decision. Raise it for little traffic. 1 % bounds the load on the collector at high rates."""
    errors: bool = True
    """Sample exchanges that failed (5xx, or broken off) whatever was decided before. On by default: those are the ones
    that are looked for. Switch it off where failures come in floods."""
    slow_seconds: Annotated[float, Meta(ge=0)] = 5.0
    """Sample exchanges that took at least this many seconds, whatever was decided before; 0 means none. Set it to what
    is slow for your model. 5 s is slow for most and rare enough not to flood a collector."""
    insert_context: bool = True
    """With an endpoint: insert a `traceparent` line into requests that have none, so that the model's spans join ours.
    Switch it off for a model that must see exactly what the client sent."""


class OtlpSettings(Section, frozen=True):
    metrics_endpoint: Address = ""
    """OTLP/HTTP endpoint for what `/metrics` answers, e.g. `http://collector:4318/v1/metrics`. Set it where nothing
    scrapes; empty means none."""
    metrics_seconds: Annotated[float, Meta(ge=1, le=86_400)] = 60.0
    """How often, in seconds, metrics are sent there. 60 s is the usual interval of OpenTelemetry's periodic reader."""
    logs_endpoint: Address = ""
    """OTLP/HTTP endpoint for the lines of the drift log, e.g. `http://collector:4318/v1/logs`. Set it where nothing
    collects stdout; empty means none."""


class ChosenSettings(Section, frozen=True):
    sample_ratio: Ratio = 1.0
    """Share of exchanges, from 0 to 1, that this sink takes. Lower it to let the same room cover a longer time. The
    default takes all."""
    routes: tuple[str, ...] = ()
    """Routes whose exchanges it takes, as the label `http_route` has them, e.g. `/v2/models/{model}/infer`. Empty means
    all; name those of inferences to leave out health and metadata."""
    statuses: tuple[Statuses, ...] = ()
    """Statuses of answers whose exchanges it takes: `2xx`, `200` or `200-204`. Empty means all, since refused requests
    are worth a look too."""
    max_body_bytes: Natural = 0
    """A body that is longer, in bytes, is left out, and the record says `truncated`. 0 means no bound but that of the
    tap (`tap.body_limit_bytes`). Set it where a few large messages would fill the room."""


class CaptureSettings(ChosenSettings, frozen=True):
    path: WrittenFile = ""
    """File for captured exchanges, to make a reference of or to replay; or a directory of files, if it ends in `/`.
    Empty means none: payloads are written to it, so it must be asked for."""
    format: Literal["jsonl", "parquet"] = "jsonl"
    """What a directory's files are. JSON lines are written at once, and a crash loses none; Parquet is a fifth of their
    size, is gathered in memory, and needs `drift-sidecar[parquet]`."""
    max_bytes: Positive = 67_108_864
    """Largest size of the file, in bytes; before it is exceeded the file is rotated, and one older generation is kept.
    Files of a directory have an eighth of it, and twice this all together, so set it to half of the volume at most.
    64 MiB hold some 30,000 requests of 2 KiB."""
    max_files: Annotated[int, Meta(ge=2)] = 1_000
    """Files in a directory; the oldest are removed. The default bounds what a listing costs."""
    max_seconds: Annotated[float, Meta(ge=1, le=86_400)] = 300.0
    """Age, in seconds, at which a file of a directory is ended and the next one begun. Lower it where whoever takes the
    files wants them sooner. 300 s make 288 files a day."""
    min_free_ratio: Ratio = 0.05
    """Nothing is captured while less than this share of the disk is free, from 0 to 1; what is left out counts as
    `dropped`. 0 means that only a full disk stops it. 5 % leave room for those who share the disk."""
    mask: tuple[str, ...] = ()
    """JSON keys whose values are replaced by `"***"` before anything is written, by any sink. List what is personal;
    credentials in headers are never written. None by default, since only you know your keys."""


class CloudEventsSettings(ChosenSettings, frozen=True):
    url: Address = ""
    """Where each request and each response is posted as a CloudEvent, as KServe's logger does, e.g.
    `http://trustyai-service/consumer/kserve/v2`. Empty means nowhere: payloads are sent, so it must be asked for."""
    service: str = ""
    """Value of the extension `inferenceservicename`. Empty means the name of the model."""
    namespace: str = ""
    """Value of the extension `namespace`. Empty means that it is left out; set it where receivers tell models by it."""
    component: str = "predictor"
    """Value of the extension `component`: KServe's are predictor, transformer and explainer. A sidecar beside a model
    is beside a predictor."""
    endpoint: str = "default"
    """Value of the extension of that name: `default`, or `canary` for a model that is being tried."""
    timeout_seconds: Annotated[float, Meta(gt=0, le=60)] = 5.0
    """How long, in seconds, the receiver may be silent before it counts as away. Raise it for a slow one."""
    spool: WrittenFile = ""
    """Directory where exchanges wait while the receiver is away, in their order, over restarts of the sidecar. Empty
    means that 1,000 of them, or 8 MiB, wait in memory. A directory belongs to one sidecar."""
    max_bytes: Positive = 268_435_456
    """Largest size of the spool, in bytes; what comes beyond it is dropped and counted. 256 MiB hold some 100,000
    exchanges of 2.5 KiB, which is ten minutes of 170 a second."""
    min_free_ratio: Ratio = 0.05
    """As `capture.min_free_ratio`, for the spool's disk: 5 % are left to others."""


class LogSettings(Section, frozen=True):
    drift: bool = True
    """Write the drift log (one JSON object a line) to stdout. Switch it off where logs are paid for by the line and
    metrics say enough. It is on because it holds a line only for each window and each verdict that changes."""
    level: str = "info"
    """Lowest level of the operational log on stderr: debug, info, warning or error. `debug` is for reports of bugs."""


class ContainerSettings(Section, frozen=True):
    model_processes: bool = False
    """Export CPU, memory, threads, open files and start of the model's processes. It needs a pod that shares its
    process namespace (`shareProcessNamespace`), so it is off."""
    model_command: str = ""
    """Part of the model's command line. Set it where the pod has further containers; empty means all processes but the
    sidecar's."""


class MetricsSettings(Section, frozen=True):
    max_features: Positive = 1_000
    """Features per side whose bins and scores are exported; further ones are watched but not exported. Lower it to save
    series in Prometheus: 50 features of 25 bins have about 3,800. The default bounds what one pod can ask of it."""
    choose: Literal["first", "drift"] = "first"
    """Which ones, where there are more: `first` takes the first of the reference, the same in every pod; `drift` takes
    those with the worst verdict and the largest effect, which differ from pod to pod, so that a fleet's figures cover
    some pods only."""
    merge: Annotated[Address, Meta(pattern=r"^(/.*|http://.+)?$")] = ""
    """The model's own metrics, to be answered with ours in one scrape: a path of the upstream, e.g. `/metrics`, or a
    URL, e.g. `http://127.0.0.1:8002/metrics` of Triton. Set it where only one port of a pod is scraped; empty means
    none."""
