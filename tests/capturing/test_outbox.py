from __future__ import annotations

import pytest

from sidecar.capturing.outbox import MemoryOutbox


def test_the_oldest_stays_until_it_is_settled() -> None:
    box = MemoryOutbox(10, 1000)
    assert box.oldest() is None
    assert [box.put(b"1\n"), box.put(b"2\n")] == ["", ""]
    assert [box.oldest(), box.oldest(), box.waiting()] == [b"1\n", b"1\n", 2]
    box.settle()
    assert [box.oldest(), box.waiting()] == [b"2\n", 1]


@pytest.mark.parametrize(("lines", "bytes_"), [(3, 1000), (1000, 6)])
def test_beyond_its_bounds_the_newest_is_refused_until_one_is_settled(lines: int, bytes_: int) -> None:
    box = MemoryOutbox(lines, bytes_)
    assert [bool(box.put(b"x\n")) for _ in range(5)] == [False, False, False, True, True]
    box.settle()
    assert [bool(box.put(b"x\n")) for _ in range(2)] == [False, True]
