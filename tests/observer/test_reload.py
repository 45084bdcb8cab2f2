"""A reference that is replaced is taken up; one that cannot be read is not."""

from __future__ import annotations

import functools
import os
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from harness.observed import STARTED, exchange, monitor, reference
from harness.program import free_ports
from sidecar.core.reference.profile_file import digest
from sidecar.core.words.events import ReferenceChanged
from sidecar.core.words.frame import Side
from sidecar.errors import ReferenceFileError, ReferenceUnreachableError
from sidecar.observer.complaints import Complaints
from sidecar.observer.reload import Reloader
from sidecar.reference_store import save_reference

OLD, NEW = reference(("age", "income")), reference(("age", "height"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "reference.json"
    save_reference(OLD, str(file))
    return file


def test_a_file_that_was_replaced_begins_everything_anew_and_keeps_what_was_counted(path: Path) -> None:
    machine = monitor(OLD)
    machine.feed(exchange([{"age": 0.5, "income": 99.0}]), STARTED)
    machine.tick(STARTED + 1)
    reloader = Reloader(str(path), 10.0, machine, Complaints())
    before = machine.view()
    save_reference(NEW, str(path))

    events = reloader.look(STARTED + 2)
    events += reloader.look(STARTED + 20)

    assert [event for event in events if isinstance(event, ReferenceChanged)] == [
        ReferenceChanged(STARTED + 2, digest(OLD), digest(NEW))
    ]
    after = machine.view()
    assert after.digest == digest(NEW)
    assert [one.feature for one in after.sides[0].features] == ["age", "height"]
    assert after.violations == before.violations == {("income", "range"): 1}
    assert after.sides[0].rows_total == before.sides[0].rows_total == 1
    assert reloader.results == {"ok": 1}


def test_a_link_that_is_turned_is_a_change(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.json"
    link.symlink_to(path)
    machine = monitor(OLD)
    reloader = Reloader(str(link), 10.0, machine, Complaints())
    other = tmp_path / "other.json"
    save_reference(NEW, str(other))
    (tmp_path / "turned").symlink_to(other)
    os.replace(tmp_path / "turned", link)

    assert reloader.look(STARTED)
    assert machine.view().digest == digest(NEW)


def test_a_file_that_is_no_profile_is_complained_about_and_the_old_reference_stays(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    machine = monitor(OLD)
    reloader = Reloader(str(path), 10.0, machine, Complaints())
    path.write_text("{}")

    assert reloader.look(STARTED) == []
    assert reloader.look(STARTED + 20) == []  # once is enough

    assert machine.view().digest == digest(OLD)
    assert reloader.results == {"failed": 1}


def test_reading_the_same_file_again_changes_nothing(path: Path) -> None:
    machine = monitor(OLD)
    reloader = Reloader(str(path), 0.0, machine, Complaints())

    assert reloader.look(STARTED) == []
    assert reloader.reload(STARTED) == []
    assert reloader.results == {"unchanged": 1}
    assert machine.live_profile(Side.INPUT) is not None


def test_a_monitor_that_began_with_the_last_good_reference_says_so_once_and_takes_up_the_mended_file(
    path: Path,
) -> None:
    path.write_text("{}")
    machine = monitor(OLD)
    reloader = Reloader(str(path), 10.0, machine, Complaints(), ReferenceFileError(str(path), "is damaged", "Mend it"))

    assert reloader.look(STARTED) == reloader.look(STARTED + 20) == []
    assert reloader.results == {"failed": 1}
    save_reference(NEW, str(path))

    assert reloader.look(STARTED + 40)
    assert machine.view().digest == digest(NEW)


def test_a_url_that_did_not_answer_at_the_start_is_asked_until_it_does(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (port,) = free_ports(1)
    place = f"http://127.0.0.1:{port}/reference.json"
    machine = monitor(OLD)
    reloader = Reloader(place, 10.0, machine, Complaints(), ReferenceUnreachableError(f"{place}: cannot be fetched"))

    assert reloader.look(STARTED) == []
    assert reloader.results == {"failed": 2}
    save_reference(NEW, str(tmp_path / "reference.json"))
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        assert reloader.look(STARTED + 10)
        assert reloader.look(STARTED + 20) == []
        server.shutdown()

    assert machine.view().digest == digest(NEW)
    assert reloader.results == {"failed": 2, "ok": 1}
