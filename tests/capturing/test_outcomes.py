from __future__ import annotations

import pytest

from sidecar.capturing.outcomes import Outcomes


def test_losses_are_counted_always_and_said_once_a_minute_by_kind(caplog: pytest.LogCaptureFixture) -> None:
    outcomes = Outcomes("capture", lambda: 0.0)
    outcomes.sent(3)
    for _ in range(5):
        outcomes.failed("OSError: No space left on device")
        outcomes.dropped("less than 5.0% of the disk is free", 2)

    assert outcomes.results == {"sent": 3, "failed": 5, "dropped": 10}
    assert len(caplog.messages) == 2
    assert "sink capture failed for 1 exchanges so far: OSError: No space left on device" in caplog.messages[0]
    assert "sink capture dropped 2 exchanges so far: less than 5.0% of the disk is free" in caplog.messages[1]
