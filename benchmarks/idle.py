"""What does an idle client cost? `python -m benchmarks.idle [--connections 10000]`: memory of the traffic process for each.

The model is a process of its own, so that both it and the clients here may have as many descriptors as the limit allows.
"""

from __future__ import annotations

import argparse
import contextlib
import resource
import subprocess
import sys
import time

from harness.program import Sidecar, connect, eventually, free_ports, resident_bytes

_MODEL = """
import resource, socket, sys
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
listener, kept = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=4096), []
while True:
    kept.append(listener.accept()[0])
"""


def main() -> None:
    """Print resident bytes of the traffic process before, with all of them, and for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, default=10_000)
    count = parser.parse_args().connections
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    (port,) = free_ports(1)
    with contextlib.ExitStack() as stack:
        model = subprocess.Popen([sys.executable, "-c", _MODEL, str(port)])
        stack.callback(model.wait)
        stack.callback(model.kill)
        stack.enter_context(connect(port))
        sidecar = Sidecar(f"127.0.0.1:{port}", {"http.max_connections": count})
        stack.callback(sidecar.kill)
        stack.enter_context(connect(sidecar.port))
        eventually(lambda: sidecar.metrics().total("sidecar_observer_up") == 1)
        count = min(count, int(sidecar.metrics().total("sidecar_connections_limit")))
        before = resident_bytes(sidecar.pid)
        for _ in range(count - 1):
            stack.enter_context(connect(sidecar.port))
        eventually(lambda: sidecar.metrics().total("sidecar_connections") >= count)
        time.sleep(1)
        after = resident_bytes(sidecar.pid)
        print(
            f"{count} idle clients: {before / 1e6:.1f} -> {after / 1e6:.1f} MB, {(after - before) / count:.0f} bytes each"
        )


if __name__ == "__main__":
    main()
