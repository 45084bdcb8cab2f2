"""Every setting: its name, type, default, bounds and reason. `Settings` has them all, in sections.

The attribute docstrings are the manual: `drift-sidecar check` and docs/settings.md print them, so each says its unit, why
one changes it, and why the default is what it is. Sections are imported from here; the modules that hold them are the
package's own. `load` makes a `Settings` of flags, environment and a file; `catalogue` lists what there is; `shown` leaves
out credentials. Both processes read settings, so the package stays light: standard library, msgspec and PyYAML.
"""

from __future__ import annotations

from sidecar.settings.analysis import (
    DecodeSettings,
    DriftSettings,
    LearnSettings,
    RouteSettings,
    SegmentSettings,
    StreamSettings,
    WindowSettings,
)
from sidecar.settings.exports import (
    CaptureSettings,
    ChosenSettings,
    CloudEventsSettings,
    ContainerSettings,
    LogSettings,
    MetricsSettings,
    OtlpSettings,
    TraceSettings,
)
from sidecar.settings.ports import AccessSettings
from sidecar.settings.traffic import (
    DrainSettings,
    HandoffSettings,
    HttpSettings,
    ModelSettings,
    ObserverSettings,
    TapSettings,
)
from sidecar.settings.types import Address, Seconds, Section

__all__ = [
    "AccessSettings",
    "CaptureSettings",
    "ChosenSettings",
    "CloudEventsSettings",
    "ContainerSettings",
    "DecodeSettings",
    "DrainSettings",
    "DriftSettings",
    "HandoffSettings",
    "HttpSettings",
    "LearnSettings",
    "LogSettings",
    "MetricsSettings",
    "ModelSettings",
    "ObserverSettings",
    "OtlpSettings",
    "RouteSettings",
    "SegmentSettings",
    "Settings",
    "StreamSettings",
    "TapSettings",
    "TraceSettings",
    "WindowSettings",
]


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
    observer: ObserverSettings = ObserverSettings()
    drain: DrainSettings = DrainSettings()
    access: AccessSettings = AccessSettings()
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
    cloudevents: CloudEventsSettings = CloudEventsSettings()
    log: LogSettings = LogSettings()
    metrics: MetricsSettings = MetricsSettings()
