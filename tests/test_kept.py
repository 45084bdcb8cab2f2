"""Results of long benchmarks outlive an interruption, and no change of what made them."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from harness.kept import Kept


class Measurement:
    """Three results. The one that is made at `stops_at` is interrupted."""

    def __init__(self, folder: Path, source: Path) -> None:
        self.folder, self.source = folder, source
        self.made: list[int] = []

    def run(self, stops_at: int | None = None) -> list[list[int | None]]:
        kept = Kept(self.folder, list[int | None], [self.source])
        return [kept.get(f"result {at}", partial(self.make, at, stops_at)) for at in range(3)]

    def make(self, at: int, stops_at: int | None) -> list[int | None]:
        if at == stops_at:
            raise KeyboardInterrupt
        self.made.append(at)
        return [at, None]


@pytest.fixture
def measurement(tmp_path: Path) -> Measurement:
    source = tmp_path / "source"
    source.mkdir()
    (source / "one.py").write_text("before")
    return Measurement(tmp_path / "kept", source)


def test_an_interrupted_run_goes_on_where_it_was(measurement: Measurement) -> None:
    with pytest.raises(KeyboardInterrupt):
        measurement.run(stops_at=2)

    assert measurement.run() == [[0, None], [1, None], [2, None]]
    assert measurement.made == [0, 1, 2]


def test_a_result_whose_writing_was_interrupted_is_made_again(
    measurement: Measurement, monkeypatch: pytest.MonkeyPatch
) -> None:
    def half_written(path: Path, content: bytes) -> int:
        with path.open("wb") as file:
            file.write(content[: len(content) // 2])
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", half_written)
        with pytest.raises(KeyboardInterrupt):
            measurement.run()

    assert measurement.run() == [[0, None], [1, None], [2, None]]
    assert measurement.made == [0, 0, 1, 2]


@pytest.mark.parametrize("name", ["one.py", "deeper/another.py"])
def test_a_changed_or_added_source_makes_results_anew(measurement: Measurement, name: str) -> None:
    measurement.run()
    path = measurement.source / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("after")

    measurement.run()

    assert measurement.made == [0, 1, 2] * 2
