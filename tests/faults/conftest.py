"""The running program, as for tests/path."""

from __future__ import annotations

from tests.path.conftest import _close_wires, start

__all__ = ["_close_wires", "start"]
