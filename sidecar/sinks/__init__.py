"""All sinks, in one tuple, and how the wanted ones are made.

A sink's module is imported only if its settings ask for it, because some need large libraries (opentelemetry alone is
17 MB). Each module has a `make(settings) -> Sink`; sinks never import one another.
"""

from __future__ import annotations

import importlib
from typing import NamedTuple

from sidecar.settings import Settings
from sidecar.settings.catalogue import lookup
from sidecar.sink import Sink


class Listed(NamedTuple):
    """One sink: the name of its module, which is also its label value, and the setting that asks for it."""

    name: str
    asked_by: str
    """Dotted key: the sink is wanted where that is true or not empty. Empty means always."""

    def wanted(self, settings: Settings) -> bool:
        """Whether the settings ask for it."""
        return not self.asked_by or bool(lookup(settings, self.asked_by))

    def make(self, settings: Settings) -> Sink:
        """Import and make it. Raises SettingsError if it cannot work with its settings."""
        module = importlib.import_module(f"{__name__}.{self.name}")
        sink: Sink = module.make(settings)
        return sink


SINKS = (
    Listed("prometheus", ""),
    Listed("otlp", "trace.endpoint"),
    Listed("otlp_logs", "otlp.logs_endpoint"),
    Listed("otlp_metrics", "otlp.metrics_endpoint"),
    Listed("driftlog", "log.drift"),
    Listed("capture", "capture.path"),
    Listed("cloudevents", "cloudevents.url"),
)


def make_sinks(settings: Settings) -> tuple[Sink, ...]:
    """The sinks that the settings ask for. Raises SettingsError."""
    return tuple(listed.make(settings) for listed in SINKS if listed.wanted(settings))
