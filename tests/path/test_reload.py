"""A reference that is replaced reaches the running sidecar, by itself and on SIGHUP, and no request notices."""

from __future__ import annotations

import signal
from pathlib import Path

from harness.observed import reference
from harness.program import Model, Sidecar, eventually
from sidecar.core.reference.profile import Profile
from sidecar.core.reference.profile_file import digest
from sidecar.reference_store import save_reference
from tests.path.conftest import Start


def compares_with(sidecar: Sidecar, profile: Profile) -> bool:
    answer = sidecar.admin("GET /api/v1/status")
    return answer.status == 200 and bool(answer.json["digest"] == digest(profile))


def test_a_new_reference_is_taken_up_when_its_file_is_replaced_and_on_sighup(
    start: Start, model: Model, tmp_path: Path
) -> None:
    first, second, third = (reference(("age", name)) for name in ("income", "height", "weight"))
    path = tmp_path / "reference.json"
    save_reference(first, str(path))
    polling = start(model.address, reference=str(path), reference_poll_seconds=0.2)
    waiting = start(model.address, reference=str(path), reference_poll_seconds=0)
    eventually(lambda: compares_with(polling, first))
    eventually(lambda: compares_with(waiting, first))

    save_reference(second, str(path))
    eventually(lambda: compares_with(polling, second))
    assert compares_with(waiting, first)
    waiting.signal(signal.SIGHUP)
    eventually(lambda: compares_with(waiting, second))

    path.write_text("{}")
    waiting.signal(signal.SIGHUP)
    eventually(lambda: waiting.metrics().total("sidecar_reference_reloads_total", result="failed") == 1)
    assert compares_with(waiting, second)
    save_reference(third, str(path))
    waiting.signal(signal.SIGHUP)
    eventually(lambda: compares_with(waiting, third))
    assert waiting.process.poll() is None
