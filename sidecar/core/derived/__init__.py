"""Every derivation there is. A new one is a file in this folder and an entry in this tuple."""

from __future__ import annotations

from sidecar.core.derivation import Derivation
from sidecar.core.derived.text import Text
from sidecar.core.derived.vector import Vector

DERIVATIONS: tuple[Derivation, ...] = (Text(), Vector())
