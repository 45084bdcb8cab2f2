from __future__ import annotations

import shutil
from pathlib import Path

from sidecar.capturing.bounded_directory import BoundedDirectory
from sidecar.capturing.line_directory import LineDirectory

LINE = b"123456789\n"


class Lines:
    def __init__(self, path: Path, max_bytes: int = 10_000, max_files: int = 100) -> None:
        self.now = 0.0
        directory = BoundedDirectory(path, max_bytes, max_files)
        self.lines = LineDirectory(directory, 30, 60.0, lambda: self.now)
        self.path = path

    def sizes(self) -> list[int]:
        return [path.stat().st_size for path in sorted(self.path.iterdir())]


def test_a_file_ends_by_size(tmp_path: Path) -> None:
    made = Lines(tmp_path / "d")
    for _ in range(7):
        made.lines.append(LINE)
    assert made.sizes() == [30, 30, 10]


def test_a_file_ends_by_age(tmp_path: Path) -> None:
    made = Lines(tmp_path / "d")
    for made.now in (0, 59, 60, 61, 200):
        made.lines.append(LINE)
    assert made.sizes() == [20, 20, 10]


def test_files_stay_within_the_bounds_of_the_directory(tmp_path: Path) -> None:
    made = Lines(tmp_path / "bytes", max_bytes=70)
    few = Lines(tmp_path / "files", max_files=2)
    for _ in range(20):
        made.lines.append(LINE)
        few.lines.append(LINE)
        assert sum(made.sizes()) <= 70
        assert len(few.sizes()) <= 2


def test_a_restart_begins_another_file_and_keeps_the_old_ones(tmp_path: Path) -> None:
    for _ in range(2):
        Lines(tmp_path / "d").lines.append(LINE)
    assert Lines(tmp_path / "d").sizes() == [10, 10]


def test_a_directory_that_was_deleted_is_made_again(tmp_path: Path) -> None:
    made = Lines(tmp_path / "d")
    made.lines.append(LINE)
    shutil.rmtree(made.path)
    made.lines.append(LINE)
    assert made.sizes() == [10]
