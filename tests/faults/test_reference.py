"""A reference that is replaced by rubbish, and an observer that starts again: traffic flows, and the last good one is used."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from harness.program import eventually
from sidecar.core.reference.profile_file import digest
from sidecar.reference_store import save_reference
from tests.observer.test_reload import NEW, OLD
from tests.path.conftest import Start
from tests.path.test_promises import Server, server

__all__ = ["server"]


@pytest.mark.parametrize("rubbish", ["", "{}", "not json", None], ids=["empty", "no profile", "no JSON", "gone"])
def test_an_observer_that_starts_again_has_the_last_good_reference_and_takes_up_the_mended_one(
    start: Start, server: Server, tmp_path: Path, rubbish: str | None
) -> None:
    path = tmp_path / "reference.json"
    save_reference(OLD, str(path))
    sidecar = start(server.address, reference=str(path), reference_poll_seconds=0.2)

    def uses(expected: str) -> bool:
        return f'digest="{expected}"' in sidecar.admin("GET /metrics").body.decode()

    eventually(lambda: uses(digest(OLD)))
    path.write_text(rubbish) if rubbish is not None else path.unlink()
    os.kill(sidecar.observer_pid, signal.SIGKILL)

    eventually(lambda: sidecar.metrics().total("sidecar_observer_restarts_total") == 1 and uses(digest(OLD)))
    eventually(lambda: sidecar.metrics().total("sidecar_reference_reloads_total", result="failed") >= 1)
    assert sidecar.metrics().total("sidecar_observer_restarts_total") == 1
    save_reference(NEW, str(path))
    eventually(lambda: uses(digest(NEW)))
