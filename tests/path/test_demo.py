"""`drift-sidecar demo`, as `make demo` runs it: real flights, a real model, and drift that is there."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

from harness.program import descendants, process_state

ROOT = Path(__file__).parents[2]
SECONDS = 16
END_SECONDS = 120.0


def demo(seconds: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-u", "-m", "sidecar.cli", "demo", "--seconds", str(seconds)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def test_the_demo_ends_by_itself_with_an_alarm_after_the_change_and_none_before() -> None:
    with demo(SECONDS) as running:
        told, _ = running.communicate(timeout=END_SECONDS)

    assert running.returncode == 0, told
    assert re.search(r"FIRST ALARM: drift on \w+ \w+, \d+ rows after the change", told)
    assert "though nothing had changed" not in told
    sent, counted = re.findall(r"([\d,]+) requests", told)
    assert sent == counted


def test_the_demo_told_to_stop_leaves_no_process_behind() -> None:
    with demo(600) as running:
        assert running.stdout is not None
        assert any("live page" in line for line in running.stdout)
        started = descendants(running.pid)
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=END_SECONDS)

    assert running.returncode == 130
    assert len(started) == 3, "the model, the sidecar and its observer"
    assert [pid for pid in started if process_state(pid) not in "ZX"] == []
