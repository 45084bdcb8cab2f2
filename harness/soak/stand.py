"""What stands during a soak: the model, the sidecar in one life after the other, its log, and the accounts of its lives.

An account is what the sidecar counts at the end of a life: everything that was forwarded was observed, or shed for a
reason, to the last exchange.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from harness.program import Metrics, Sidecar, children, connect, eventually, free_ports, is_observer, resident_bytes
from sidecar.core.reference.profile import Profile
from sidecar.reference_store import save_reference

SETTINGS = {"handoff.snapshot_seconds": 0.05, "drain.notice_seconds": 0.2, "reference_poll_seconds": 0.5}
MOST_CLIENTS = 200
SNAPSHOTS_SECONDS = 0.3
"""Counters that are as old as this have come to `/metrics`."""
RECOVERY_SECONDS = 60.0
LOSSES = ("exchange", "handoff")


@dataclass(frozen=True)
class Account:
    """Of one life of the sidecar: exchanges that ended, were observed, and were shed by reason."""

    forwarded: int
    complete: int
    observed: int
    shed: dict[str, int]
    parts: dict[str, int]
    """What was lost of exchanges that were observed: bodies, and analyses."""

    @property
    def closed(self) -> bool:
        """To the last exchange."""
        return self.forwarded == self.observed + sum(self.shed.values())


def account(metrics: Metrics) -> Account | None:
    """What the counters say; None while an exchange still waits for the observer."""
    if metrics.total("sidecar_handoff_exchanges"):
        return None
    shed: dict[str, int] = {}
    parts: dict[str, int] = {}
    for labels, count in metrics.samples("sidecar_shed_total"):
        whole = labels["stage"] in LOSSES
        (shed if whole else parts)[f"{labels['stage']}: {labels['reason']}"] = int(count)
    return Account(
        forwarded=int(metrics.total("sidecar_exchanges_total", protocol="http1")),
        complete=int(metrics.total("sidecar_exchanges_total", protocol="http1", outcome="complete")),
        observed=int(metrics.total("sidecar_observed_total")),
        shed=shed,
        parts=parts,
    )


class Log:
    """Takes what the sidecar writes to its standard streams, unless it is told not to."""

    def __init__(self, path: Path) -> None:
        reading, self.writing = os.pipe()
        self._taken = threading.Event()
        self._taken.set()
        threading.Thread(target=self._take, args=(reading, path), daemon=True).start()

    def _take(self, reading: int, path: Path) -> None:
        with path.open("wb") as file:
            while data := os.read(reading, 65_536):
                file.write(data)
                file.flush()
                self._taken.wait()

    def leave(self) -> None:
        """Read no more for now."""
        self._taken.clear()

    def take(self) -> None:
        """Read again."""
        self._taken.set()


class Stand:
    """The processes. Its methods block: they are called beside the event loop of the clients."""

    def __init__(self, folder: Path, reference: Profile, hold: float) -> None:
        """`hold` is how many seconds a fault lasts that has to be undone."""
        self.hold = hold
        self.reference = reference
        self.reference_path = folder / "reference.json"
        self.capture_path = folder / "captured.jsonl"
        self.log = Log(folder / "log.txt")
        self.accounts: list[Account] = []
        self.memory: dict[str, dict[int, list[tuple[float, float]]]] = {
            "traffic": defaultdict(list),
            "observer": defaultdict(list),
        }
        (self.model_port,) = free_ports(1)
        self.mend_reference()
        self.start_model()
        self.sidecar = self.start_sidecar()

    def mend_reference(self) -> None:
        """The reference as it should be."""
        save_reference(self.reference, str(self.reference_path))

    def start_model(self) -> None:
        """A new model, which accepts when this returns."""
        self.model = subprocess.Popen([sys.executable, "-m", "harness.soak.model", str(self.model_port)])
        connect(self.model_port, lambda: self.model.poll() is None).close()

    def end_model(self, number: signal.Signals = signal.SIGKILL) -> None:
        """The model is gone when this returns."""
        self.model.send_signal(number)
        self.model.wait()

    def start_sidecar(self) -> Sidecar:
        """A new life of the sidecar, which accepts when this returns."""
        sets = SETTINGS | {"reference": str(self.reference_path), "capture.path": str(self.capture_path)}
        sets |= {"capture.max_bytes": 4 << 20, "http.max_connections": MOST_CLIENTS}
        sidecar = Sidecar(f"127.0.0.1:{self.model_port}", sets, stdout=self.log.writing, stderr=self.log.writing)
        sidecar.connect().close()
        return sidecar

    def observer(self) -> int:
        """The id of the observer, once there is one that is at work."""
        eventually(self._up, RECOVERY_SECONDS)
        return self.sidecar.observer_pid

    def _up(self) -> bool:
        with contextlib.suppress(OSError, AssertionError, IndexError, ValueError):
            return self.sidecar.metrics().total("sidecar_observer_up") == 1
        return False

    def recovered(self) -> float:
        """Wait until health answers and the observer is at work; returns how many seconds that took."""
        began = time.monotonic()
        assert self.sidecar.admin("GET /livez").status == 200
        self.observer()
        return time.monotonic() - began

    def quiet(self) -> Account:
        """The account once it stands still: nobody asks any more, and nothing waits for the observer."""
        before: list[Account | None] = [None]

        def still() -> Account | None:
            now = account(self.sidecar.metrics())
            last, before[0] = before[0], now
            time.sleep(SNAPSHOTS_SECONDS)
            return now if now == last else None

        found: Account = eventually(still, RECOVERY_SECONDS)
        return found

    def close_account(self) -> None:
        """Enter the account of the sidecar's last life."""
        self.accounts.append(self.quiet())

    def measure(self) -> None:
        """Enter the memory of both processes."""
        now = time.monotonic()
        pids = [("traffic", self.sidecar.pid)]
        pids += [("observer", pid) for pid in children(self.sidecar.pid) if is_observer(pid)]
        for name, pid in pids:
            with contextlib.suppress(OSError, AssertionError):  # it has just ended
                self.memory[name][pid].append((now, float(resident_bytes(pid))))

    def close(self) -> None:
        """End everything."""
        self.log.take()
        self.sidecar.kill()
        self.end_model()
