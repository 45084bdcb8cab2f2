from __future__ import annotations

import logging

import pytest

from sidecar.rationed import EVERY_SECONDS, Rationed


def test_a_warning_is_logged_once_a_minute_and_again_after_it(caplog: pytest.LogCaptureFixture) -> None:
    now = [0.0]
    rationed = Rationed(logging.getLogger("sidecar.test"), lambda: now[0])
    for second in (0, 1, EVERY_SECONDS - 1, EVERY_SECONDS, EVERY_SECONDS + 1):
        now[0] = second
        rationed.warn(f"at {second:.0f}")

    assert [record.message.split(" (")[0] for record in caplog.records] == ["at 0", "at 60"]
