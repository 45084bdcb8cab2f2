from __future__ import annotations

from pathlib import Path

from sidecar.capturing.bounded_directory import BoundedDirectory


def filled(path: Path, max_bytes: int, max_files: int, files: int = 5) -> BoundedDirectory:
    directory = BoundedDirectory(path, max_bytes, max_files, lambda: 1_700_000_000.0)
    directory.make()
    for _ in range(files):
        directory.new_path(".jsonl").write_bytes(b"x" * 10)
    return directory


def test_names_sort_by_time_and_are_never_the_same(tmp_path: Path) -> None:
    directory = filled(tmp_path, 1000, 1000)
    names = [file.path.name for file in directory.files()]

    assert names[0] == "20231114T221320.000000Z.jsonl"
    assert names == sorted(set(names))
    assert len(names) == 5


def test_the_oldest_go_to_keep_the_bytes(tmp_path: Path) -> None:
    directory = filled(tmp_path, max_bytes=40, max_files=100)
    newest = [file.path.name for file in directory.files()][-2:]
    directory.make_room(15)

    assert [file.path.name for file in directory.files()] == newest


def test_the_oldest_go_to_keep_the_number(tmp_path: Path) -> None:
    directory = filled(tmp_path, max_bytes=1000, max_files=3)
    newest = [file.path.name for file in directory.files()][-2:]
    directory.make_room(1)

    assert [file.path.name for file in directory.files()] == newest


def test_what_is_named_otherwise_is_neither_counted_nor_removed(tmp_path: Path) -> None:
    (tmp_path / "notes.jsonl").write_bytes(b"x" * 500)
    directory = filled(tmp_path, max_bytes=20, max_files=2)
    directory.make_room(20)

    assert directory.files() == []
    assert (tmp_path / "notes.jsonl").exists()


def test_a_new_directory_is_for_its_owner_alone(tmp_path: Path) -> None:
    BoundedDirectory(tmp_path / "a", 1, 1).make()
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o700
