"""`drift-sidecar bundle`: how the archive is made; tests/path/test_bundle.py makes one of a real sidecar."""

from __future__ import annotations

import http.server
import io
import json
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.program import free_ports
from sidecar import cli
from sidecar.commands import bundle
from sidecar.commands.bundle import PARTS, archive
from sidecar.observer.schema import ENDPOINTS

VALUES = {"/api/v1/exchanges", "/api/v1/live", "/api/v1/profile", "/api/v1/segments"}
"""What is of single exchanges, holds all rows, or is named by clients."""


class _Admin(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b"x" * 100
        self.send_response(503 if self.path == "/readyz" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: Any) -> None:
        """Says nothing."""


@pytest.fixture
def admin() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Admin) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def read(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as tar:
        members = [(one, tar.extractfile(one)) for one in tar.getmembers()]
        return {one.name.rpartition("/")[2]: content.read() for one, content in members if content}


def test_what_is_longer_than_a_part_may_be_is_cut_off_and_said(
    admin: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bundle, "PART_BYTES", 60)

    assert cli.main(["bundle", "--admin", admin, "-o", str(tmp_path / "b.tar.gz")]) == 0

    files = read(tmp_path / "b.tar.gz")
    assert set(files) == {"about.json", *PARTS}
    assert {len(files[name]) for name in PARTS} == {60}
    problems = json.loads(files["about.json"])["problems"]
    assert problems == dict.fromkeys(PARTS, "cut off after 60 bytes")
    assert "livez.json: cut off after 60 bytes" in capsys.readouterr().err


def test_an_answer_that_is_no_success_is_kept_and_said(admin: str, tmp_path: Path) -> None:
    assert cli.main(["bundle", "--admin", admin, "-o", str(tmp_path / "b.tar.gz")]) == 0

    files = read(tmp_path / "b.tar.gz")
    assert files["readyz.json"] == b"x" * 100
    about = json.loads(files["about.json"])
    assert about["problems"] == {"readyz.json": "answered with status 503"}
    assert {"msgspec", "numpy", "uvloop"} <= set(about["packages"])


def test_where_nobody_answers_or_nothing_can_be_written_that_is_the_error(
    admin: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (port,) = free_ports(1)
    assert cli.main(["bundle", "--admin", f"127.0.0.1:{port}", "-o", str(tmp_path / "b.tar.gz")]) == 1
    assert "does not answer" in capsys.readouterr().err
    assert not (tmp_path / "b.tar.gz").exists()
    assert cli.main(["bundle", "--admin", admin, "-o", str(tmp_path / "absent" / "b.tar.gz")]) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_every_endpoint_is_in_it_but_those_that_are_of_single_values_or_of_one_feature() -> None:
    whole = {one.path for one in ENDPOINTS if "{" not in one.path} - {"/api/v1/schema"}

    assert whole - set(PARTS.values()) == VALUES


def test_the_archive_is_for_its_owner_alone() -> None:
    with tarfile.open(fileobj=io.BytesIO(archive({"a": b"1"}, 5.0))) as tar:
        (entry,) = tar.getmembers()
    assert (entry.name, entry.mode, entry.mtime, entry.size) == ("drift-sidecar-bundle/a", 0o600, 5, 1)
