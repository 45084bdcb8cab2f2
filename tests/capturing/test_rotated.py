from __future__ import annotations

from pathlib import Path

import pytest

from sidecar.capturing.rotated import RotatedFile


def test_it_becomes_the_older_generation_before_it_exceeds_its_size(tmp_path: Path) -> None:
    file = RotatedFile(tmp_path / "c", 12)
    for at in range(8):
        file.append(b"%03d\n" % at)

    assert (tmp_path / "c.1").read_bytes() == b"003\n004\n005\n"
    assert (tmp_path / "c").read_bytes() == b"006\n007\n"


@pytest.mark.parametrize("leave", [Path.unlink, lambda path: path.rename(path.with_name("taken"))])
def test_a_file_that_was_taken_away_is_begun_again_with_the_next_line(tmp_path: Path, leave: object) -> None:
    file = RotatedFile(tmp_path / "c", 100)
    file.append(b"1\n")
    leave(tmp_path / "c")  # type: ignore[operator]
    file.append(b"2\n")
    file.append(b"3\n")

    assert (tmp_path / "c").read_bytes() == b"2\n3\n"
