"""The tap keeps bodies whole or not at all, within its bounds, and gives all memory back."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from sidecar.proxy.tally import Tally, Waiting
from sidecar.proxy.tap import Body, Tap
from sidecar.settings import TapSettings


def make(body_limit: int = 100, memory_limit: int = 1000, ratio: float = 1.0) -> tuple[Tap, Tally]:
    tally = Tally(0)
    settings = TapSettings(body_limit_bytes=body_limit, memory_limit_bytes=memory_limit, sample_ratio=ratio)
    return Tap(settings, tally, random.Random(1)), tally


def shed(tally: Tally) -> tuple[tuple[str, str, int], ...]:
    taken = tally.snapshot(0, ready=True, draining=False, connections=0, waiting=Waiting()).shed
    return tuple(one for one in taken if one[2])


def test_a_body_in_pieces_is_kept_whole() -> None:
    tap, _ = make()
    body = Body(wanted=True)
    for piece in (b"a", b"bc", b"def"):
        tap.keep(body, piece)
    assert (tap.used, body.size) == (6, 6)
    assert tap.release(body) == b"abcdef"
    assert tap.used == 0


def test_a_body_that_passes_the_limit_is_dropped_and_says_so_and_is_still_measured() -> None:
    tap, tally = make(body_limit=5)
    body = Body(wanted=True)
    for piece in (b"abc", b"de", b"f", b"gh"):
        tap.keep(body, piece)
    assert (body.truncated, body.size, tap.used, body.wanted) == (True, 8, 0, True)
    assert tap.release(body) == b""
    assert shed(tally) == ()


def test_a_body_for_which_there_is_no_memory_is_shed_and_counted_once() -> None:
    tap, tally = make(memory_limit=10)
    first, second = Body(wanted=True), Body(wanted=True)
    tap.keep(first, b"x" * 8)
    for _ in range(3):
        tap.keep(second, b"yy")
    assert second.truncated
    assert shed(tally) == (("tap", "memory", 1),)
    assert tap.release(first) == b"x" * 8
    assert tap.used == 0


def test_what_comes_after_the_release_is_not_kept() -> None:
    tap, _ = make()
    body = Body(wanted=True)
    tap.keep(body, b"ab")
    tap.release(body)
    tap.keep(body, b"cd")
    assert (tap.used, body.size) == (0, 4)


def test_an_unwanted_body_is_measured_only() -> None:
    tap, _ = make()
    body = Body(wanted=False)
    tap.keep(body, b"abc")
    assert (tap.used, body.size, body.truncated) == (0, 3, False)


@given(st.lists(st.tuples(st.integers(0, 4), st.binary(max_size=60))))
def test_the_bounds_hold_and_all_memory_comes_back(pieces: list[tuple[int, bytes]]) -> None:
    tap, _ = make(body_limit=100, memory_limit=150)
    bodies = [Body(wanted=True) for _ in range(5)]
    whole = [b""] * 5
    for index, piece in pieces:
        tap.keep(bodies[index], piece)
        whole[index] += piece
        assert tap.used <= 150
    for body, sent in zip(bodies, whole, strict=True):
        assert body.size == len(sent)
        assert tap.release(body) == (b"" if body.truncated else sent)
    assert tap.used == 0


def test_about_the_wanted_share_is_chosen() -> None:
    tap, _ = make(ratio=0.25)
    chosen = sum(tap.chooses() for _ in range(10_000))
    assert abs(chosen - 2500) < 4 * 43.3  # four standard deviations of a binomial
    assert all(make(ratio=1)[0].chooses() for _ in range(10))
    assert not any(make(ratio=0)[0].chooses() for _ in range(1000))
