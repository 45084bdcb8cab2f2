"""Every setting: its name, type, default, bounds and reason; and how a value gets here.

Flags win over environment (`SIDECAR_TAP_BODY_LIMIT_BYTES`) over file (YAML, nested by section) over default. The
result is one frozen value that knows for each key where it came from. Both processes read it, so this module must
stay light: standard library, msgspec and PyYAML. The attribute docstrings are the manual: `drift-sidecar check` and
docs/settings.md print them.
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
from typing import Annotated, Any, Literal, TypeVar, get_type_hints

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
Address = Annotated[str, Meta(extra={"secret": True})]
"""A URL, whose user, password and query may be credentials: shown without them (see `shown`)."""
WrittenFile = Annotated[str, Meta(extra={"writes_file": True})]
"""A file that the sidecar writes: an injected pod gets a volume for it, of twice the section's `max_bytes` if there is one."""


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A group of settings; one YAML mapping."""


AnySection = TypeVar("AnySection", bound=Section)


class ModelSettings(Section, frozen=True):
    name: str = "model"
    """Label `model_name` of every metric, and of spans and log lines."""
    version: str = ""
    """Label `model_version`."""


class HttpSettings(Section, frozen=True):
    routes: tuple[str, ...] = ()
    """Route templates of your model beside the known ones, e.g. `/predict/{tenant}`; other paths are labelled `other`."""
    probes: tuple[str, ...] = (
        "/v2/health/live",
        "/v2/health/ready",
        "/healthz",
        "/livez",
        "/readyz",
        "/health",
        "/ping",
    )
    """Paths forwarded but left out of every statistic, as health probes are."""
    head_limit_bytes: Annotated[int, Meta(ge=1024)] = 65_536
    """A longer head makes the connection opaque: forwarded, counted, watched no more."""
    connect_timeout_seconds: Seconds = 5.0
    """How long to wait for the model to accept a connection before it counts as refused."""


class TapSettings(Section, frozen=True):
    body_limit_bytes: Natural = 1_048_576
    """Longest body that is kept for decoding; a longer one is forwarded whole, marked truncated and not kept."""
    memory_limit_bytes: Natural = 8_388_608
    """Bytes of all bodies in flight together; a body that would pass it is not kept, and counted as shed."""
    sample_ratio: Ratio = 1.0
    """Share of exchanges whose bodies are kept. Counts and durations stay exact whatever it is."""


class HandoffSettings(Section, frozen=True):
    max_items: Positive = 4096
    """Exchanges that may wait for the observer; further ones are shed and counted."""
    max_bytes: Positive = 2_097_152
    """Bytes that may wait for the observer; bodies are shed before whole exchanges."""
    flush_seconds: Annotated[float, Meta(ge=0.0005, le=1)] = 0.01
    """How long exchanges are gathered before one write."""
    snapshot_seconds: Annotated[float, Meta(ge=0.05, le=10)] = 0.25
    """How often the exact counters go to the observer."""


class DrainSettings(Section, frozen=True):
    notice_seconds: Seconds = 3.0
    """After SIGTERM: how long new connections are still served while load balancers learn that we leave."""
    timeout_seconds: Seconds = 25.0
    """After SIGTERM: when the last connections are cut. Keep it, with flush_seconds, below the pod's grace period."""
    flush_seconds: Seconds = 3.0
    """How long the observer may take to flush its sinks at the end."""


class DecodeSettings(Section, frozen=True):
    rows_pointer: Pointer = ""
    """JSON pointer (RFC 6901) to the rows in a request that no known protocol claims, e.g. `/features`."""
    names_pointer: Pointer = ""
    """JSON pointer to the list of feature names in the request; empty where rows are objects or have no names."""
    predictions_pointer: Pointer = ""
    """JSON pointer to the predictions in the response, e.g. `/result`."""
    paths: tuple[str, ...] = ()
    """Paths (or route templates) the generic decoder reads; empty means any path no other decoder claims."""
    feature_names: tuple[str, ...] = ()
    """Names for the columns of rows that carry none; empty means the order of the reference."""
    max_rows: Positive = 100_000
    """Rows of one message that are read; a message with more is refused as too_large."""
    max_features: Positive = 2_000
    """Columns of one message that are read; tensors of the V2 protocol that would be more are read whole, as vectors."""
    inflated_limit_bytes: Positive = 16_777_216
    """A compressed body may grow to this many bytes when read."""


class WindowSettings(Section, frozen=True):
    rows: Positive = 10_000
    """A window closes after this many rows..."""
    seconds: Annotated[float, Meta(gt=0)] = 60.0
    """...or after this long, whichever comes first."""
    min_rows: Positive = 100
    """Fewer rows than this say `insufficient`; a window that is still smaller when its time is over goes on."""


class DriftSettings(Section, frozen=True):
    mean_rows_between_false_alarms: Annotated[float, Meta(ge=1)] = 1e9
    """Budget of false alarms over all features and sides together, however often one looks."""
    mean_rows_between_false_warnings: Annotated[float, Meta(ge=1)] = 1e6
    """The same for the state `warning`."""
    material_psi: Annotated[float, Meta(ge=0)] = 0.1
    """An effect counts when its PSI, without small-sample bias, is at least this much. Certainty alone never alarms."""
    material_rate_difference: Ratio = 0.005
    """A rate (missing, unseen, out of range, a rare level, a repeated value) counts when it changed by this much..."""
    material_rate_ratio: Annotated[float, Meta(gt=1)] = 1.75
    """...and is this many times what it was, or as many times less..."""
    material_rate_shift: Ratio = 0.075
    """...or, of missing, unseen and out-of-range values, when it changed by this much, whatever the ratio."""
    recovery_error: Annotated[float, Meta(gt=0, lt=0.5)] = 0.01
    """Probability that a verdict ends although the change is still half of what matters; smaller ones wait for more rows."""
    material_correlation: Ratio = 0.1
    """A change of the correlation between two features counts when it is at least this much."""
    season_offset_seconds: float = 0.0
    """How far the clock that a reference's seasons go by is ahead of UTC (see `profile --season`)."""
    tolerance: Annotated[float, Meta(ge=0)] = 0.0025
    """Chi distance from the reference that no evidence is gathered against: what nobody would call a change."""


class SegmentSettings(Section, frozen=True):
    by: Annotated[str, Meta(pattern="^(feature:.+|header:[!#-'*+.0-9A-Z^-z|~-]+)?$")] = ""
    """Watch each segment of the traffic as well: `feature:NAME` or `header:NAME` of the request; empty means no segments."""
    values: tuple[str, ...] = ()
    """The segments, all else is `other`; empty means the reference's categories, or of a header the first `max` that come."""
    max: Annotated[int, Meta(ge=1, le=100)] = 10
    """Segments at most; rows of further values are `other`. Each one costs memory, and a share of the budget."""


class LearnSettings(Section, frozen=True):
    rows: Annotated[int, Meta(ge=100)] = 2_000
    """Without a reference, one is learned from this many first rows (and says so: `source="learned"`)."""
    save: WrittenFile = ""
    """File to write the learned reference to; empty means keep it in memory only."""


class TraceSettings(Section, frozen=True):
    endpoint: Address = ""
    """OTLP endpoint for spans: `http://collector:4318/v1/traces`, with grpc `http://collector:4317`; empty means none."""
    protocol: Literal["http", "grpc"] = "http"
    """How spans are sent; grpc needs `drift-sidecar[grpc]`."""
    sample_ratio: Ratio = 0.01
    """Share of new traces that are sampled; a request that carries a trace context keeps its own decision."""
    errors: bool = True
    """Sample exchanges that failed (5xx, or broken off) whatever was decided before."""
    slow_seconds: Annotated[float, Meta(ge=0)] = 5.0
    """Sample exchanges that took so long whatever was decided before; 0 means none."""
    insert_context: bool = True
    """With an endpoint: insert a `traceparent` line into requests that have none, so that the model's spans join ours."""


class OtlpSettings(Section, frozen=True):
    metrics_endpoint: Address = ""
    """OTLP/HTTP endpoint for what `/metrics` answers, e.g. `http://collector:4318/v1/metrics`; empty means none."""
    metrics_seconds: Annotated[float, Meta(ge=1, le=86_400)] = 60.0
    """How often metrics are sent there."""
    logs_endpoint: Address = ""
    """OTLP/HTTP endpoint for the lines of the drift log, e.g. `http://collector:4318/v1/logs`; empty means none."""


class CaptureSettings(Section, frozen=True):
    path: WrittenFile = ""
    """JSON-lines file for captured exchanges; empty means none. Payloads are written to it: it is off by default."""
    sample_ratio: Ratio = 1.0
    """Share of exchanges that are captured."""
    max_bytes: Positive = 67_108_864
    """The file is rotated (one older generation is kept) before it passes this size."""
    mask: tuple[str, ...] = ()
    """JSON keys whose values are replaced by `"***"` before anything is written."""


class LogSettings(Section, frozen=True):
    drift: bool = True
    """Write the drift log (one JSON object a line) to stdout."""
    level: str = "info"
    """Lowest level of the operational log on stderr: debug, info, warning or error."""


class ContainerSettings(Section, frozen=True):
    model_processes: bool = False
    """The pod shares its process namespace: export CPU, memory, threads, open files and start of the model's processes."""
    model_command: str = ""
    """Part of the model's command line, where the pod has further containers; empty means all processes but ours."""


class MetricsSettings(Section, frozen=True):
    max_features: Positive = 1_000
    """Features per side whose bins and scores are exported; further ones are watched but not exported."""
    choose: Literal["first", "drift"] = "first"
    """Which ones, where there are more: the first of the reference, the same in every pod, or those with the worst verdict and
    most effect, which differ from pod to pod, so that a fleet's figures are of some pods only."""
    merge: Annotated[Address, Meta(pattern=r"^(/.*|http://.+)?$")] = ""
    """The model's own metrics, to be answered with ours in one scrape: a path of the upstream, e.g. `/metrics`, or where else
    they are, e.g. `http://127.0.0.1:8002/metrics` of Triton; empty means none."""


class Settings(Section, frozen=True):
    upstream: str = "127.0.0.1:8080"
    """The model: HOST:PORT, or unix:/path for a Unix socket."""
    listen: str = "0.0.0.0:9480"
    """Where traffic for the model comes in: HOST:PORT."""
    admin: str = "0.0.0.0:9481"
    """Health, metrics and the live page: HOST:PORT."""
    also: tuple[str, ...] = ()
    """Further ways in, `LISTEN=UPSTREAM`, e.g. `0.0.0.0:9482=127.0.0.1:8001` for the model's gRPC port."""
    reference: Address = ""
    """Reference profile (made by `drift-sidecar profile`), a file or `https://...`; empty means one is learned."""
    reference_poll_seconds: Seconds = 10.0
    """How often to look whether the reference's file was replaced; 0 means only on SIGHUP, as for a URL."""
    model: ModelSettings = ModelSettings()
    http: HttpSettings = HttpSettings()
    tap: TapSettings = TapSettings()
    handoff: HandoffSettings = HandoffSettings()
    drain: DrainSettings = DrainSettings()
    decode: DecodeSettings = DecodeSettings()
    window: WindowSettings = WindowSettings()
    drift: DriftSettings = DriftSettings()
    segments: SegmentSettings = SegmentSettings()
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
            yield Setting(prefix + field.name, declared, field.default, helps.get(field.name, ""), **_flags(declared))


def _flags(declared: Any) -> dict[str, bool]:
    """What the `Meta` of a type say beside its bounds."""
    extras = [one.extra for one in getattr(declared, "__metadata__", ()) if isinstance(one, Meta) and one.extra]
    return {name: flag for extra in extras for name, flag in extra.items()}


def attribute_docstrings(struct: type[msgspec.Struct]) -> dict[str, str]:
    """Docstrings that stand beneath attributes, which Python itself throws away."""
    body = ast.parse(inspect.getsource(struct)).body[0].body  # type: ignore[attr-defined]  # a class statement
    return {
        target.target.id: inspect.cleandoc(text.value.value)
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
    if setting.type == tuple[str, ...] and isinstance(value, str):
        value = [part.strip() for part in value.split(",") if part.strip()]
    try:
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
