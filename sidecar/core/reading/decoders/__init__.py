"""All decoders, in one tuple. The one with the highest priority for an exchange reads it; of equals the first."""

from __future__ import annotations

from sidecar.core.reading.decoder import Decoder
from sidecar.core.reading.decoders.csv import Csv
from sidecar.core.reading.decoders.generic_json import GenericJson
from sidecar.core.reading.decoders.mlflow_json import MlflowJson
from sidecar.core.reading.decoders.v1_json import V1Json
from sidecar.core.reading.decoders.v2_json import V2Json
from sidecar.settings import DecodeSettings

DECODERS = (V2Json, V1Json, MlflowJson, Csv, GenericJson)


def decoders(settings: DecodeSettings) -> tuple[Decoder, ...]:
    """One of each."""
    return tuple(make(settings) for make in DECODERS)
