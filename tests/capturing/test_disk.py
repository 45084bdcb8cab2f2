from __future__ import annotations

import os
from pathlib import Path

from sidecar.capturing.disk import DiskMark


class Disk:
    """Of a hundred blocks."""

    def __init__(self) -> None:
        self.free = 100
        self.looks = 0

    def statvfs(self, path: str) -> os.statvfs_result:
        self.looks += 1
        return os.statvfs_result((4096, 4096, 100, self.free, self.free, 9, 9, 9, 0, 255))


def test_the_mark_is_reached_when_less_than_the_share_is_free_and_passed_back_when_there_is_room() -> None:
    disk, now = Disk(), [0.0]
    mark = DiskMark("/", 0.05, lambda: now[0], disk.statvfs)
    found = []
    for now[0], disk.free in ((0, 100), (1, 5), (2, 4), (3, 0), (4, 6)):
        found.append(mark.reached())

    assert found == [False, False, True, True, False]
    assert str(mark) == "less than 5.0% of the disk is free"


def test_the_disk_is_asked_once_a_second() -> None:
    disk, now = Disk(), [0.0]
    mark = DiskMark("/", 0.05, lambda: now[0], disk.statvfs)
    for at in range(30):
        now[0] = at / 10
        mark.reached()

    assert disk.looks == 3


def test_a_ratio_of_0_never_asks() -> None:
    disk = Disk()

    assert not DiskMark("/", 0, statvfs=disk.statvfs).reached()
    assert disk.looks == 0


def test_a_path_that_is_not_there_is_no_reason_to_stop(tmp_path: Path) -> None:
    assert not DiskMark(str(tmp_path / "absent"), 1.0).reached()


def test_a_real_disk_has_less_free_than_all_of_it(tmp_path: Path) -> None:
    assert DiskMark(str(tmp_path), 1.0).reached()
