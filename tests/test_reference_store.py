from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from harness.observed import reference
from harness.program import free_ports
from sidecar.core.reference.profile_file import digest
from sidecar.errors import ReferenceFileError, ReferenceUnreachableError
from sidecar.reference_store import read_reference, save_reference


def test_a_saved_reference_reads_back(tmp_path: Path) -> None:
    path = tmp_path / "reference.json"
    save_reference(reference(), str(path))
    assert digest(read_reference(str(path))) == digest(reference())


def test_saving_replaces_what_was_there_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "reference.json"
    path.write_text("old")
    save_reference(reference(), str(path))
    assert [file.name for file in tmp_path.iterdir()] == ["reference.json"]
    assert path.read_bytes().startswith(b"{")


def test_a_reference_that_cannot_be_written_leaves_the_old_one_alone(tmp_path: Path) -> None:
    path = tmp_path / "reference.json"
    path.mkdir()  # cannot be replaced by a file
    with pytest.raises(OSError, match="irectory"):
        save_reference(reference(), str(path))
    assert [file.name for file in tmp_path.iterdir()] == ["reference.json"]


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ReferenceFileError, match=r"absent\.json.*No such file"):
        read_reference(str(tmp_path / "absent.json"))


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "reference.json"
    save_reference(reference(), str(path))
    path.write_bytes(path.read_bytes().replace(b'"counts":[', b'"counts":[1'))
    with pytest.raises(ReferenceFileError, match=r"reference\.json.*digest"):
        read_reference(str(path))


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """The folder at a URL."""
    handler = functools.partial(QuietFiles, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class QuietFiles(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class calls it so
        pass


def test_a_reference_is_read_from_a_url(tmp_path: Path) -> None:
    save_reference(reference(), str(tmp_path / "reference.json"))
    with served(tmp_path) as url:
        assert digest(read_reference(f"{url}/reference.json")) == digest(reference())


def test_a_url_without_a_reference_is_named_without_its_signature(tmp_path: Path) -> None:
    with served(tmp_path) as url, pytest.raises(ReferenceUnreachableError, match=r"absent\.json: .*404") as raised:
        read_reference(f"{url}/absent.json?signature=secret")
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("url", ["http://me:hush@h/reference.json", "http://h/a b?signature=hush"])
def test_a_url_that_cannot_be_asked_for_is_named_without_its_password(url: str) -> None:
    with pytest.raises(ReferenceUnreachableError, match="is no URL that can be read") as raised:
        read_reference(url)
    assert "hush" not in str(raised.value)


def test_a_url_where_nobody_answers_can_be_tried_again_and_is_no_mistake_of_the_settings() -> None:
    (port,) = free_ports(1)
    with pytest.raises(ReferenceUnreachableError, match="refused") as raised:
        read_reference(f"http://127.0.0.1:{port}/reference.json")
    assert raised.value.exit_code == 1


def test_what_is_too_long_is_not_read_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sidecar.reference_store._LIMIT_BYTES", 10)
    (tmp_path / "long").write_bytes(b"x" * 11)
    with served(tmp_path) as url, pytest.raises(ReferenceUnreachableError, match="too long"):
        read_reference(f"{url}/long")
