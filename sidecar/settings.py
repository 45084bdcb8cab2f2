"""Every setting: its name, type, default, bounds and reason; and how a value gets here.

Flags win over environment (`SIDECAR_TAP_BODY_LIMIT_BYTES`) over file (YAML, nested by section) over default. The
result is one frozen value that knows for each key where it came from. Both processes read it, so this module must
stay light: standard library, msgspec and PyYAML. The attribute docstrings are the manual: `drift-sidecar check` and
docs/settings.md print them, so each says its unit, why one changes it, and why the default is what it is.
"""

from __future__ import annotations

import ast
import difflib
import functools
import inspect
import re
import types
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_origin, get_type_hints

import msgspec
import yaml
from msgspec import Meta

from sidecar.errors import SettingsError

ENV_PREFIX = "SIDECAR_"

_SERVICE_LINK = re.compile(r"\w+_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_PROTO|_PORT|_ADDR)?)?)")
"""What Kubernetes puts into every container for each Service of its namespace, such as one that is called `sidecar`.

See https://kubernetes.io/docs/tutorials/services/connect-applications-service/#environment-variables.
"""

_SCHEME = r"[a-z][a-z0-9+.-]*://"
_HOST = r"([^/?#@:\[\]]*|\[[^/?#@\]]*\])(:\d*)?"
_URL = re.compile(
    rf"(?P<scheme>{_SCHEME}|(?!{_SCHEME}))([^/?#]*@)?(?P<place>{_HOST}(/[^?#@]*)?)([?#].*)?", re.IGNORECASE | re.DOTALL
)

Positive = Annotated[int, Meta(ge=1)]
Natural = Annotated[int, Meta(ge=0)]
Ratio = Annotated[float, Meta(ge=0, le=1)]
Seconds = Annotated[float, Meta(ge=0, le=86_400)]
Pointer = Annotated[str, Meta(pattern="^(/.*)?$")]
Statuses = Annotated[str, Meta(pattern="^([1-5]xx|[1-5][0-9][0-9](-[1-5][0-9][0-9])?)$")]
Address = Annotated[str, Meta(extra={"secret": True})]
"""A URL, whose user, password and query may be credentials: shown without them (see `shown`)."""
WrittenFile = Annotated[str, Meta(extra={"writes_file": True})]
"""A file that the sidecar writes: an injected pod gets a volume for it, of twice the section's `max_bytes` if there is one."""


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A group of settings; one YAML mapping."""


AnySection = TypeVar("AnySection", bound=Section)


class ModelSettings(Section, frozen=True):
    name: str = "model"
    """Label `model_name` of every metric, and of spans and log lines. Set it as soon as two models share a Prometheus;
    the default only makes a first trial work."""
    version: str = ""
    """Label `model_version`. Set it to compare releases. Empty by default, since only you know what counts as a
    version."""


class HttpSettings(Section, frozen=True):
    routes: tuple[str, ...] = ()
    """Route templates of your model beside the known ones, e.g. `/predict/{tenant}`. Other paths are labelled `other`,
    because a label must not carry what a client chose."""
    probes: tuple[str, ...] = (
        "/v2/health/live",
        "/v2/health/ready",
        "/healthz",
        "/livez",
        "/readyz",
        "/health",
        "/ping",
    )
    """Paths that are forwarded but left out of every statistic, as health probes are. The default lists the usual ones
    of Kubernetes and of the inference protocols; add your own, or their latency is mixed with the model's."""
    head_limit_bytes: Annotated[int, Meta(ge=1024)] = 65_536
    """Longest head of a message, in bytes; a longer one makes its connection opaque: forwarded, counted, watched no
    more. Raise it for unusually large cookies or tokens. 64 KiB is more than most servers accept themselves."""
    connect_timeout_seconds: Seconds = 5.0
    """How long, in seconds, to wait for the model to accept a connection before the client gets a 503. Raise it for a
    model whose backlog fills up. Within a pod a connection takes less than a millisecond, so 5 s is only reached by a
    model that hangs."""


class TapSettings(Section, frozen=True):
    body_limit_bytes: Natural = 1_048_576
    """Longest body, in bytes, that is kept for decoding; a longer one is forwarded whole, marked truncated and not
    kept, because a part of it could not be decoded. Raise it for large batches. 1 MiB holds about 5,000 rows of 20
    numbers in JSON."""
    memory_limit_bytes: Natural = 8_388_608
    """Bytes of all bodies in flight together; a body that would exceed it is not kept, and counted as shed. Raise it
    when `sidecar_shed_total{stage="tap"}` grows, and the container's memory with it. 8 MiB suits eight of the largest
    bodies at once."""
    sample_ratio: Ratio = 1.0
    """Share of exchanges, from 0 to 1, whose bodies are kept. Lower it to save CPU of the observer at high rates;
    counts and durations stay exact whatever it is. The default keeps all, so that rare values are seen."""


class HandoffSettings(Section, frozen=True):
    max_items: Positive = 4096
    """Exchanges that may wait for the observer; further ones are shed and counted. Raise it when bursts are shed with
    reason `items`. The default is what a second of 4,000 requests makes while the observer restarts."""
    max_bytes: Positive = 2_097_152
    """Bytes that may wait for the observer; bodies are shed before whole exchanges. Raise it when bodies are shed with
    reason `bytes`. 2 MiB bounds what a stopped observer costs in memory."""
    flush_seconds: Annotated[float, Meta(ge=0.0005, le=1)] = 0.01
    """How long, in seconds, exchanges are collected before they are written to the observer together. Lower it to see
    drift sooner by as much. 10 ms makes batches large enough that writing them costs little per request."""
    snapshot_seconds: Annotated[float, Meta(ge=0.05, le=10)] = 0.25
    """How often, in seconds, the exact counters go to the observer. It bounds how old they are in a scrape. 0.25 s is
    far below any scrape interval."""


class DrainSettings(Section, frozen=True):
    notice_seconds: Seconds = 3.0
    """After SIGTERM: how long, in seconds, new connections are still served while load balancers learn that the pod
    leaves. Raise it where endpoints take longer to spread. A few seconds is what it usually takes."""
    timeout_seconds: Seconds = 25.0
    """After SIGTERM: when, in seconds, the last connections are cut. Raise it for long streams. 25 s and
    `drain.flush_seconds` fit into the grace period of 30 s that Kubernetes gives by default; keep their sum below
    yours."""
    flush_seconds: Seconds = 3.0
    """How long, in seconds, the observer may take to flush its sinks at the end. Raise it for a slow collector. 3 s is
    what `drain.timeout_seconds` leaves of the default grace period, with room to spare."""


class RouteSettings(Section, frozen=True):
    """How the payloads of one route are read; what is empty is as for all routes."""

    decoder: str = ""
    """The name of a decoder, e.g. `generic_json`; empty means the surest, or `generic_json` where there are pointers."""
    rows_pointer: Pointer = ""
    names_pointer: Pointer = ""
    predictions_pointer: Pointer = ""
    feature_names: tuple[str, ...] = ()
    model: str = ""
    """The model's name, where requests do not give it."""

    @property
    def has_pointers(self) -> bool:
        """It says where in a document the rows, names or predictions are."""
        return bool(self.rows_pointer or self.names_pointer or self.predictions_pointer)


class DecodeSettings(Section, frozen=True):
    rows_pointer: Pointer = ""
    """JSON pointer (RFC 6901) to the rows in a request that no known protocol claims, e.g. `/features`. Set it for a
    JSON API of your own; empty means that such requests are not decoded."""
    names_pointer: Pointer = ""
    """JSON pointer to the list of feature names in the request. Empty means that rows are objects or have no names."""
    predictions_pointer: Pointer = ""
    """JSON pointer to the predictions in the response, e.g. `/result`. Empty means that the outputs of such an API are
    not watched."""
    paths: tuple[str, ...] = ()
    """Paths (or route templates) that the generic decoder reads. List them where other JSON passes by that must not be
    taken for rows, or that is not recognised as such; empty means what no other decoder claims and what looks like an
    inference (docs/metrics.md)."""
    feature_names: tuple[str, ...] = ()
    """Names for the columns of rows that carry none. Empty means the order of the reference's features, which is right
    if the model was trained on columns in that order."""
    routes: dict[str, RouteSettings] = {}
    """The same for single routes, which are streams of their own: by template, e.g. `/score/{tenant}`, any of `decoder`,
    `rows_pointer`, `names_pointer`, `predictions_pointer`, `feature_names`, `model`. As JSON in the environment and in flags."""
    statuses: tuple[Statuses, ...] = ("2xx",)
    """Answers whose requests count as input (`2xx`, `200`, `200-204`); rows of others are counted apart and never learned."""
    max_rows: Positive = 100_000
    """Most rows of one message; a message with more is refused as `too_large`. It bounds how long the observer is busy
    with one message. The default is more than `tap.body_limit_bytes` lets through of ordinary rows."""
    max_features: Positive = 2_000
    """Most columns of one message; V2 tensors with more values in a row are watched as vectors. Raise it for wide
    tables. The default bounds the memory that bins of one model take."""
    inflated_limit_bytes: Positive = 16_777_216
    """Most bytes that a compressed body may have once it is inflated; a larger one is refused. It protects the observer
    from compression bombs. 16 MiB is sixteen times the largest body that is kept by default."""


class WindowSettings(Section, frozen=True):
    rows: Positive = 10_000
    """A window closes after this many rows... Larger windows give smoother scores, smaller ones follow changes sooner.
    With 10,000 rows the noise of PSI over 20 bins is about 0.002, far below what matters."""
    seconds: Annotated[float, Meta(gt=0)] = 60.0
    """...or after this many seconds, whichever comes first, so that slow traffic is scored too. 60 s is about the
    interval at which dashboards and rules read."""
    min_rows: Positive = 100
    """Fewer rows than this give the verdict `insufficient`; a window that is still smaller when its time is over goes
    on. Raise it for calmer scores. Below 100 rows most bins hold too few for any score to mean something."""


class DriftSettings(Section, frozen=True):
    mean_rows_between_false_alarms: Annotated[float, Meta(ge=1)] = 1e9
    """Mean number of rows between false alarms, over all features and sides together and however often one looks. Lower
    it to alarm sooner and wrongly more often. At 100 rows a second the default is one false alarm in about four months."""
    mean_rows_between_false_warnings: Annotated[float, Meta(ge=1)] = 1e6
    """The same for the state `warning`. Warnings page nobody, so the default allows a thousand times as many."""
    material_psi: Annotated[float, Meta(ge=0)] = 0.1
    """Least effect that counts, as PSI without small-sample bias: certainty alone never alarms. Lower it to hear of
    smaller changes. 0.1 is where the usual rule of thumb begins to speak of a moderate shift."""
    material_rate_difference: Ratio = 0.005
    """Least change of a rate (missing, unseen, out of range, a rare level, a repeated value) that counts, together with
    the ratio. Lower it where rarer events matter. 0.005 tells 0.1 % of nulls from 1 %."""
    material_rate_ratio: Annotated[float, Meta(gt=1)] = 1.75
    """How many times as large, or as small, such a rate must be as it was. Lower it to hear of smaller changes. With 1.75
    a rate that doubles, or is halved, counts for certain."""
    material_rate_shift: Ratio = 0.075
    """Least change of the share of missing, unseen or out-of-range values that counts whatever the ratio. Lower it where
    such values are frequent. 0.075 tells 60 % of nulls from 70 %."""
    recovery_error: Annotated[float, Meta(gt=0, lt=0.5)] = 0.01
    """Probability that a verdict ends although the change is still half of what matters. Lower it if drifts come back
    soon after they ended; recovery then waits for more rows. 0.01 is one false recovery in a hundred drifts."""
    material_correlation: Ratio = 0.1
    """Least change of the correlation between two features that counts. Lower it where features depend on each other
    closely. 0.1 is a change that a scatter plot begins to show."""
    season_offset_seconds: float = 0.0
    """How far, in seconds, the clock of a reference's seasons is ahead of UTC. Set it to what `profile --season-offset`
    was given; the default is UTC."""
    tolerance: Annotated[float, Meta(ge=0)] = 0.0025
    """Chi distance from the reference against which no evidence is collected: a difference that nobody would call a
    change. Raise it where a reference is known to fit only roughly; 0 makes every difference count in the end."""


class SegmentSettings(Section, frozen=True):
    by: Annotated[str, Meta(pattern="^(feature:.+|header:[!#-'*+.0-9A-Z^-z|~-]+)?$")] = ""
    """Watch each slice of the traffic as well: `feature:NAME` or `header:NAME` of the request. Set it where a change in
    one tenant or country would drown in the whole; empty means no slices."""
    values: tuple[str, ...] = ()
    """The slices; everything else is `other`. Empty means the categories of the reference or, for a header, the first
    `segments.max` that come."""
    max: Annotated[int, Meta(ge=1, le=100)] = 10
    """Most slices; rows of further values are `other`. Each one costs memory and a share of the budget of false alarms,
    hence the small default."""


class StreamSettings(Section, frozen=True):
    max: Annotated[int, Meta(ge=1, le=100)] = 16
    """Streams (one model at one path each) that are watched; what goes beyond them is counted as `_other`. Raise it where
    one port serves more models. 16 bound the memory to some 30 MB at 20 features each."""
    primary: str = ""
    """The stream that `model.name` stands for: a model's name in requests, or a path, e.g. `/predict`. Name it where several
    share a port. Empty means the one whose model is called `model.name`, else the one that a reference of one stream fits,
    else the first that is learned."""


class LearnSettings(Section, frozen=True):
    rows: Annotated[int, Meta(ge=100)] = 2_000
    """Without a reference, one is learned from this many first rows, and is marked `source="learned"`. Raise it for
    traffic that takes longer to show all it has. 2,000 rows are enough for bins of a few percent each."""
    features: tuple[str, ...] = ()
    """Columns that may be learned whatever they are called, and whose categories may be named however many there are.
    Declare here what you want to see and the sidecar withholds; none by default, since nobody was asked."""
    clear_categories: Natural = 20
    """Most distinct values of a column whose categories a learned reference names in clear, each after 20 rows; those
    of other columns are labelled by a hash. 0 names none. Codes and classes mostly have fewer than 20."""
    save: WrittenFile = ""
    """File to which the learned reference is written, so that a restart does not learn anew. Empty means that it is
    kept in memory only, since the file system of a container may be read-only."""


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


class CaptureSettings(Section, frozen=True):
    path: WrittenFile = ""
    """JSON-lines file for captured exchanges, to make a reference of or to replay. Empty means none: payloads are
    written to it, so it must be asked for."""
    sample_ratio: Ratio = 1.0
    """Share of exchanges, from 0 to 1, that are captured. Lower it to let a file cover a longer time. The default
    captures all, up to `capture.max_bytes`."""
    max_bytes: Positive = 67_108_864
    """Largest size of the file, in bytes; before it is exceeded the file is rotated, and one older generation is kept.
    Set it to half of the volume at most. 64 MiB hold some 30,000 requests of 2 KiB."""
    mask: tuple[str, ...] = ()
    """JSON keys whose values are replaced by `"***"` before anything is written. List what is personal; credentials in
    headers are never written. None by default, since only you know your keys."""


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


class Settings(Section, frozen=True):
    upstream: str = "127.0.0.1:8080"
    """The model: HOST:PORT, or unix:/path for a Unix socket. The default is the port of KServe's servers."""
    listen: str = "0.0.0.0:9480"
    """Where traffic for the model comes in: HOST:PORT. All addresses by default, since Services reach a pod by its own."""
    admin: str = "0.0.0.0:9481"
    """Health, metrics and the live page: HOST:PORT. All addresses by default, since probes and Prometheus come from
    outside the pod."""
    also: tuple[str, ...] = ()
    """Further ways in, `LISTEN=UPSTREAM`, e.g. `0.0.0.0:9482=127.0.0.1:8001` for the model's gRPC port. None by
    default."""
    reference: Address = ""
    """Reference profile (made by `drift-sidecar profile`), a file or `https://...`. Empty means that one is learned
    from the first rows, which is right only if they are as they should be."""
    reference_poll_seconds: Seconds = 10.0
    """How often, in seconds, to look whether the reference's file was replaced; 0 means only on SIGHUP, as for a URL.
    10 s is sooner than Kubernetes brings a changed ConfigMap to a pod."""
    model: ModelSettings = ModelSettings()
    http: HttpSettings = HttpSettings()
    tap: TapSettings = TapSettings()
    handoff: HandoffSettings = HandoffSettings()
    drain: DrainSettings = DrainSettings()
    decode: DecodeSettings = DecodeSettings()
    window: WindowSettings = WindowSettings()
    drift: DriftSettings = DriftSettings()
    segments: SegmentSettings = SegmentSettings()
    streams: StreamSettings = StreamSettings()
    learn: LearnSettings = LearnSettings()
    trace: TraceSettings = TraceSettings()
    otlp: OtlpSettings = OtlpSettings()
    container: ContainerSettings = ContainerSettings()
    capture: CaptureSettings = CaptureSettings()
    log: LogSettings = LogSettings()
    metrics: MetricsSettings = MetricsSettings()


class Setting(msgspec.Struct, frozen=True):
    """One documented setting: dotted key, type as written, default and help; whether it may hold credentials or names a file
    that is written.
    """

    key: str
    type: Any
    default: Any
    help: str
    secret: bool = False
    writes_file: bool = False

    @property
    def env(self) -> str:
        """The environment variable that sets it."""
        return ENV_PREFIX + self.key.replace(".", "_").upper()


class Effective(msgspec.Struct, frozen=True):
    """The settings in force, and for each dotted key that is not a default, where it came from."""

    settings: Settings
    sources: dict[str, str]


@functools.cache
def catalogue() -> dict[str, Setting]:
    """Every setting by its dotted key, in the order of declaration."""
    return {setting.key: setting for setting in _walk(Settings, "")}


def load(file: str | None, environ: Mapping[str, str], flags: Mapping[str, Any]) -> Effective:
    """Merge `flags` over `environ` over the YAML `file` over defaults.

    Raises SettingsError, which names the source, the key, the reason and the mend.
    """
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for source, layer in (
        (f"file {file}", _from_file(file) if file else {}),
        ("environment", _from_environment(environ)),
        ("flag", {key: value for key, value in flags.items() if value is not None}),
    ):
        for key, value in layer.items():
            values[key] = _convert(source, key, value)
            sources[key] = source
    return Effective(_build(values), sources)


def lookup(settings: Settings, key: str) -> Any:
    """The value of a dotted key."""
    return functools.reduce(getattr, key.split("."), settings)


def shown(key: str, value: Any) -> Any:
    """The value of a dotted key as it may be shown: nothing that is a URL keeps what may be credentials."""
    if isinstance(value, tuple | list):
        return type(value)(shown(key, one) for one in value)
    is_address = isinstance(value, str) and ("://" in value or catalogue()[key].secret)
    return without_credentials(value) if is_address else value


def presentable(section: AnySection, prefix: str = "") -> AnySection:
    """The same settings, or the same section of them, each value as it may be shown."""
    values = {
        name: presentable(value, f"{name}.") if isinstance(value, Section) else shown(prefix + name, value)
        for name, value in msgspec.structs.asdict(section).items()
    }
    return msgspec.structs.replace(section, **values)


def without_credentials(url: str) -> str:
    """A URL, or a path with a query, without user, password, query and fragment: a query may be a signature, or hold a key.

    What reads as neither, such as a password with a slash in it, is not shown at all.
    """
    found = _URL.fullmatch(url)
    return found["scheme"] + found["place"] if found else "***"


def _walk(section: type[Section], prefix: str) -> Iterator[Setting]:
    hints = get_type_hints(section, include_extras=True)
    helps = attribute_docstrings(section)
    for field in msgspec.structs.fields(section):
        if isinstance(field.default, Section):
            yield from _walk(type(field.default), f"{field.name}.")
        else:
            declared = hints[field.name]
            default = (
                {} if field.default is msgspec.NODEFAULT else field.default
            )  # msgspec makes a factory of an empty one
            yield Setting(prefix + field.name, declared, default, helps.get(field.name, ""), **_flags(declared))


def _flags(declared: Any) -> dict[str, bool]:
    """What the `Meta` of a type say beside its bounds."""
    extras = [one.extra for one in getattr(declared, "__metadata__", ()) if isinstance(one, Meta) and one.extra]
    return {name: flag for extra in extras for name, flag in extra.items()}


def attribute_docstrings(struct: type[msgspec.Struct]) -> dict[str, str]:
    """Docstrings that stand beneath attributes, which Python itself throws away; each as one line."""
    body = ast.parse(inspect.getsource(struct)).body[0].body  # type: ignore[attr-defined]  # a class statement
    return {
        target.target.id: " ".join(text.value.value.split())
        for target, text in pairwise(body)
        if isinstance(target, ast.AnnAssign)
        and isinstance(target.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }


def _from_file(path: str) -> dict[str, Any]:
    try:
        tree = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(path, f"cannot be read ({error})", "Give the path of a YAML file") from error
    except yaml.YAMLError as error:
        raise SettingsError(path, f"is not YAML ({error})", "Mend the file at the place named") from error
    if not isinstance(tree, dict | types.NoneType):
        raise SettingsError(path, "is not a mapping of settings", "Write `key: value` lines")
    return dict(_flatten(tree or {}, "", path))


def _flatten(tree: dict[Any, Any], prefix: str, path: str) -> Iterator[tuple[str, Any]]:
    sections = {key.partition(".")[0] for key in catalogue() if "." in key}
    for name, value in tree.items():
        key = f"{prefix}{name}"
        if isinstance(value, dict) and not prefix and name in sections:
            yield from _flatten(value, f"{name}.", path)
        elif key not in catalogue():
            raise _unknown(f"file {path}", key, list(catalogue()) + sorted(sections))
        else:
            yield key, value


def _from_environment(environ: Mapping[str, str]) -> dict[str, str]:
    by_variable = {setting.env: key for key, setting in catalogue().items()}
    layer = {}
    for variable, value in environ.items():
        if variable in by_variable:
            layer[by_variable[variable]] = value
        elif variable.startswith(ENV_PREFIX) and not _SERVICE_LINK.fullmatch(variable):
            raise _unknown("environment", variable, list(by_variable))
    return layer


def _unknown(source: str, key: str, known: list[str]) -> SettingsError:
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    mend = f"Did you mean `{near[0]}`?" if near else "`drift-sidecar check` lists every setting"
    return SettingsError(f"{source}: {key}", "is not a setting", mend)


def _convert(source: str, key: str, value: Any) -> Any:
    if key not in catalogue():
        raise _unknown(source, key, list(catalogue()))
    setting = catalogue()[key]
    try:
        if isinstance(value, str):
            value = _parsed(setting.type, value)
        return msgspec.convert(value, setting.type, strict=not isinstance(value, str))
    except msgspec.ValidationError as error:
        number = _number(value)
        if number is not None:
            return _convert(source, key, number)
        why = str(error).removeprefix("Expected").strip().rstrip(".")
        raise SettingsError(
            f"{source}: {key} = {shown(key, value)!r}",
            f"expected {why}",
            f"{setting.help} (default: {setting.default!r})",
        ) from error


def _parsed(declared: Any, text: str) -> Any:
    """Text as the environment and flags have it: lists with commas, mappings as JSON. Raises ValidationError."""
    kind = get_origin(declared)
    if kind is tuple:
        return [part.strip() for part in text.split(",") if part.strip()]
    if kind is dict:
        try:
            return msgspec.json.decode(text or "{}")
        except msgspec.DecodeError as error:
            raise msgspec.ValidationError(f"Expected JSON ({error})") from error
    return text


def _number(value: Any) -> float | None:
    """A number in text that Python reads (`.5`, `1e9`) and msgspec does not."""
    if not isinstance(value, str):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def _build(values: dict[str, Any]) -> Settings:
    tree: dict[str, Any] = {}
    for key, value in values.items():
        section, _, name = key.rpartition(".")
        (tree.setdefault(section, {}) if section else tree)[name or key] = value
    return msgspec.convert(tree, Settings)
