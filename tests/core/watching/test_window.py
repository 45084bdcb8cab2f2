"""When a window closes."""

from __future__ import annotations

from sidecar.core.watching.window import Window
from sidecar.settings import WindowSettings

SETTINGS = WindowSettings(rows=1_000, seconds=60.0, min_rows=100)


def window(rows: int) -> Window:
    made = Window(SETTINGS, now=0.0)
    made.rows = rows
    return made


def test_rows_close_it_whatever_the_time() -> None:
    assert window(1_000).due(0.0)


def test_time_closes_it_if_there_are_enough_rows() -> None:
    assert window(100).due(60.0)
    assert not window(100).due(59.9)


def test_a_window_with_too_few_rows_goes_on() -> None:
    assert not window(99).due(3_600.0)


def test_it_begins_anew() -> None:
    closed = window(1_000)
    closed.restart(61.0)

    assert not closed.due(120.9)
    assert closed.room == 1_000
