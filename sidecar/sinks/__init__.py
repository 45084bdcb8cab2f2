"""All sinks, in one tuple, and how the wanted ones are made.

A sink's module is imported only if its settings ask for it, because some need large libraries (opentelemetry alone is
17 MB). Each module has a `make(settings) -> Sink`; sinks never import one another.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import NamedTuple

from sidecar.settings import Settings
from sidecar.sink import Sink


class Listed(NamedTuple):
    """One sink: the name of its module, which is also its label value, and whether the settings ask for it."""

    name: str
    wanted: Callable[[Settings], bool]

    def make(self, settings: Settings) -> Sink:
        """Import and make it. Raises SettingsError if it cannot work with its settings."""
        module = importlib.import_module(f"{__name__}.{self.name}")
        sink: Sink = module.make(settings)
        return sink


SINKS = (
    Listed("prometheus", lambda settings: True),
    Listed("otlp", lambda settings: bool(settings.trace.endpoint)),
    Listed("otlp_logs", lambda settings: bool(settings.otlp.logs_endpoint)),
    Listed("otlp_metrics", lambda settings: bool(settings.otlp.metrics_endpoint)),
    Listed("driftlog", lambda settings: settings.log.drift),
    Listed("capture", lambda settings: bool(settings.capture.path)),
)


def make_sinks(settings: Settings) -> tuple[Sink, ...]:
    """The sinks that the settings ask for. Raises SettingsError."""
    return tuple(listed.make(settings) for listed in SINKS if listed.wanted(settings))
