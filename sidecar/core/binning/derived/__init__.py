"""All derivations. A new one is a file in this folder and an entry in this tuple."""

from __future__ import annotations

from sidecar.core.binning.derivation import Derivation
from sidecar.core.binning.derived.text import Text
from sidecar.core.binning.derived.vector import Vector

DERIVATIONS: tuple[Derivation, ...] = (Text(), Vector())
