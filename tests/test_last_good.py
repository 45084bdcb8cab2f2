"""A damaged reference leaves nobody without one that there was; without one, it is an error."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sidecar.core.reference.profile_file import digest
from sidecar.errors import ReferenceFileError, ReferenceUnreachableError
from sidecar.last_good import LastGood
from tests.observer.test_reload import NEW, OLD, path

__all__ = ["path"]


@pytest.mark.parametrize("rubbish", [b"", b"{}", b"\x00", None], ids=["empty", "no profile", "no text", "gone"])
def test_in_the_place_of_rubbish_is_what_was_last_read_whole(path: Path, tmp_path: Path, rubbish: bytes | None) -> None:
    first, failed = LastGood(str(path), str(tmp_path)).read()
    assert (digest(first), failed) == (digest(OLD), None)
    path.write_bytes(rubbish) if rubbish is not None else path.unlink()

    again, failed = LastGood(str(path), str(tmp_path)).read()

    assert digest(again) == digest(OLD)
    assert isinstance(failed, ReferenceFileError)
    assert str(path) in str(failed)


def test_what_was_kept_last_is_used(path: Path, tmp_path: Path) -> None:
    LastGood(str(path), str(tmp_path)).keep(NEW)
    path.write_text("{}")

    assert digest(LastGood(str(path), str(tmp_path)).read()[0]) == digest(NEW)


def test_a_url_that_does_not_answer_is_replaced_likewise(tmp_path: Path) -> None:
    place = "http://127.0.0.1:1/reference.json"
    with pytest.raises(ReferenceUnreachableError):
        LastGood(place, str(tmp_path)).read()
    LastGood(place, str(tmp_path)).keep(OLD)

    found, failed = LastGood(place, str(tmp_path)).read()

    assert digest(found) == digest(OLD)
    assert isinstance(failed, ReferenceUnreachableError)


def test_each_place_has_its_own_and_without_one_rubbish_is_an_error(path: Path, tmp_path: Path) -> None:
    LastGood(str(path), str(tmp_path)).read()
    other = tmp_path / "other.json"
    other.write_text("{}")

    with pytest.raises(ReferenceFileError, match=r"other\.json"):
        LastGood(str(other), str(tmp_path)).read()


def test_a_kept_file_that_is_damaged_too_is_no_help(path: Path, tmp_path: Path) -> None:
    LastGood(str(path), str(tmp_path)).read()
    path.write_text("{}")
    (kept,) = (tmp_path / f"drift-sidecar-{os.getuid()}").iterdir()
    kept.write_text("[]")

    with pytest.raises(ReferenceFileError, match=r"reference\.json"):
        LastGood(str(path), str(tmp_path)).read()


def test_a_directory_in_which_others_may_write_is_neither_written_nor_read(path: Path, tmp_path: Path) -> None:
    theirs = tmp_path / f"drift-sidecar-{os.getuid()}"
    LastGood(str(path), str(tmp_path)).read()
    theirs.chmod(0o777)
    LastGood(str(path), str(tmp_path)).keep(NEW)
    path.write_text("{}")

    with pytest.raises(ReferenceFileError):
        LastGood(str(path), str(tmp_path)).read()

    theirs.chmod(0o700)
    assert digest(LastGood(str(path), str(tmp_path)).read()[0]) == digest(OLD)


def test_where_nothing_can_be_written_nothing_is_kept_and_nothing_fails(path: Path, tmp_path: Path) -> None:
    found, failed = LastGood(str(path), str(tmp_path / "absent" / "deep")).read()

    assert (digest(found), failed) == (digest(OLD), None)
