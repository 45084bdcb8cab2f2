from __future__ import annotations

import resource
import signal
from pathlib import Path

import pytest

from sidecar.capturing.appended import AppendedFile

WHOLE = b'{"a":1}\n{"b":2}\n'


@pytest.mark.parametrize("cut", range(len(WHOLE) + 1))
def test_after_a_crash_at_any_byte_whole_lines_stay_and_a_cut_one_goes(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "c.jsonl"
    path.write_bytes(WHOLE[:cut])

    AppendedFile(path).write(b'{"c":3}\n')

    kept = WHOLE[: WHOLE[:cut].rfind(b"\n") + 1]
    assert path.read_bytes() == kept + b'{"c":3}\n'


def test_a_cut_line_longer_than_a_block_goes_too(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    path.write_bytes(b"first\n" + b"x" * 200_000)

    file = AppendedFile(path)

    assert file.size == 6
    assert path.read_bytes() == b"first\n"


def test_a_file_that_was_deleted_or_moved_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    file = AppendedFile(path)
    assert not file.gone
    path.rename(tmp_path / "moved")
    assert file.gone
    path.touch()
    assert file.gone, "another file has its name"


def test_a_short_write_is_taken_back(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    file = AppendedFile(path)
    file.write(b"first\n")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8, limits[1]))
    try:
        with pytest.raises(OSError, match="short write"):
            file.write(b"second\n")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert path.read_bytes() == b"first\n"


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    AppendedFile(tmp_path / "c.jsonl").close()
    assert (tmp_path / "c.jsonl").stat().st_mode & 0o777 == 0o600
