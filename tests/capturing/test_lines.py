from __future__ import annotations

from pathlib import Path

from harness.observed import exchange
from sidecar.capturing.lines import Lines
from sidecar.capturing.outcomes import Outcomes
from sidecar.capturing.rotated import RotatedFile
from sidecar.core.reading.capture import encode, record

RECORD = record(exchange(), frozenset())


def test_a_line_is_sent_once_it_is_written(tmp_path: Path) -> None:
    outcomes = Outcomes("capture")
    lines = Lines(RotatedFile(tmp_path / "c", 10**6), outcomes)
    lines.append(RECORD)

    assert outcomes.results == {"sent": 1}
    assert (tmp_path / "c").read_bytes() == encode(RECORD)


def test_a_line_that_is_too_long_is_dropped_and_one_that_is_refused_failed(tmp_path: Path) -> None:
    outcomes = Outcomes("capture")
    Lines(RotatedFile(tmp_path / "c", 100), outcomes).append(RECORD)
    Lines(RotatedFile(Path("/dev/full"), 10**6), outcomes).append(RECORD)

    assert outcomes.results == {"dropped": 1, "failed": 1}
