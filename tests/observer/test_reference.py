from __future__ import annotations

from pathlib import Path

import pytest

from sidecar.core.profile_file import digest
from sidecar.errors import ReferenceFileError
from sidecar.observer.reference import read_reference, save_reference
from tests.support.observed import reference


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
