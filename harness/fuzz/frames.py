"""What every frame that a decoder makes must be, whatever bytes it was made of."""

from __future__ import annotations

from sidecar.core.words.frame import Frame
from sidecar.settings import DecodeSettings


def assert_sound(frame: Frame, settings: DecodeSettings) -> None:
    """Rows, names, vectors and losses fit together, and what was read can be written again."""
    values = list(frame.values)
    assert len(values) == frame.rows * frame.width
    assert frame.names is None or len(frame.names) == frame.width
    assert frame.rows <= settings.max_rows
    assert (0 if frame.vectors else 1) <= frame.width <= settings.max_features
    for name, rows in (frame.vectors or {}).items():
        assert rows.shape[0] == frame.rows
        assert rows.dtype.kind in "fiub"
        name.encode()
    assert all(isinstance(value, float | int | bool | str | None) for value in values)
    if frame.lost:
        assert frame.lost.first
        assert frame.lost.rows or frame.lost.cells
        assert all(0 <= at < frame.width and 0 < rows <= frame.rows for at, rows in frame.lost.cells.items())
        assert all(values[at :: frame.width].count(None) >= rows for at, rows in frame.lost.cells.items())
    for text in (*(frame.names or ()), *map(str, values)):
        text.encode()  # what was read can be written again: in a log, in a reference
