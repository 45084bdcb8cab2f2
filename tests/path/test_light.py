"""The traffic process stays light: what only the observer needs is not loaded there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from harness.program import Sidecar, eventually, resident_bytes

HEAVY = ("numpy", "scipy", "aiohttp", "prometheus_client", "opentelemetry", "rich", "orjson", "structlog", "pyarrow")
LIMIT_BYTES = 32 * 1024 * 1024


def test_running_the_sidecar_imports_nothing_heavy() -> None:
    """With what `run` imports, in the order in which it does."""
    program = (
        "import sys, sidecar.cli, sidecar.commands.run, sidecar.app, sidecar.proxy.traffic\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_running_traffic_process_has_mapped_nothing_heavy_and_its_observer_has(sidecar: Sidecar) -> None:
    def mapped(pid: int) -> set[str]:
        maps = Path(f"/proc/{pid}/maps").read_text()
        return {name for name in HEAVY if f"site-packages/{name}/" in maps}

    eventually(
        lambda: mapped(sidecar.observer_pid) >= {"numpy", "aiohttp", "orjson"}
    )  # so the look finds what is there
    assert mapped(sidecar.pid) == set()


def test_the_traffic_process_starts_within_its_memory(sidecar: Sidecar) -> None:
    assert resident_bytes(sidecar.pid) < LIMIT_BYTES
