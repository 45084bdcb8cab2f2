"""An observer at the limit of its memory ends alone, says so in one line, is back soon, and is counted; the traffic goes on."""

from __future__ import annotations

import re
import resource
import tempfile
from pathlib import Path

from harness.program import eventually
from tests.faults.test_accounting import GOOD, request
from tests.path.conftest import Start
from tests.path.test_promises import Server, answer, server

__all__ = ["server"]
LARGE = request(b'{"inputs":[{"name":"a","shape":[1],"datatype":"FP64","data":[1.0]}],"pad":[%s0]}' % (b"0," * 400_000))


def test_the_observer_has_the_limit_that_is_set(start: Start, server: Server) -> None:
    sidecar = start(server.address, **{"observer.memory_limit_bytes": 200_000_000})
    limits = Path(f"/proc/{sidecar.observer_pid}/limits")
    eventually(lambda: re.search(r"Max data size +200000000 +200000000", limits.read_text()))


def test_without_memory_it_ends_alone_and_is_back(start: Start, server: Server) -> None:
    with tempfile.TemporaryFile() as log:
        sidecar = start(server.address, files={"stderr": log}, **{"handoff.snapshot_seconds": 0.05})
        eventually(lambda: sidecar.metrics().total("sidecar_observer_up") == 1)
        resource.prlimit(sidecar.observer_pid, resource.RLIMIT_DATA, (1 << 20, 1 << 20))
        client = sidecar.connect()
        for message in (GOOD, LARGE, GOOD, LARGE, GOOD):
            client.send(message)
            client.expect(answer(1))

        eventually(lambda: sidecar.metrics().total("sidecar_observer_ends_total", reason="memory") == 1)
        client.send(GOOD)
        client.expect(answer(1))
        eventually(lambda: sidecar.metrics().total("sidecar_observer_up") == 1)

        def accounted() -> bool:
            metrics = sidecar.metrics()
            lost = metrics.total("sidecar_shed_total", stage="handoff")
            return lost >= 1 and metrics.total("sidecar_observed_total", result="analysed") + lost == 6

        eventually(accounted)
        log.seek(0)
        assert (
            log.read().count(b"observer ended for want of memory (observer.memory_limit_bytes); starts again in 0.5 s")
            == 1
        )
