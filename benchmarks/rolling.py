"""Does replacing a pod cost a request? `python -m benchmarks.rolling [--rounds 20]`: real pods, under load, one of two replaced.

What a cluster does at the end of a pod is done here in its order: the preStop hooks of both containers at once (`drift-sidecar
drain`, and GET /drained for the model), then SIGTERM; a native sidecar gets it after the model has ended, a regular one at the
beginning. Clients hear of it half a second late, as they do in a cluster. Needs podman, root and the image of the tests.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.image.test_image import SERVER
from tests.support.podman import IMAGE, PYTHON, Podman
from tests.support.program import eventually, free_ports

CLIENTS, LATE_SECONDS, GRACE = 8, 0.5, "30"
BODY = b'{"inputs":[{"name":"x","shape":[1],"datatype":"FP64","data":[1.5]}]}'


class Pod:
    """A model and its sidecar on ports of this host."""

    def __init__(self, podman: Podman, folder: Path, name: str) -> None:
        self._podman, self.name = podman, name
        self.model, self.port, self.admin = free_ports(3)
        run = ["run", "--upstream", f"127.0.0.1:{self.model}", "--listen", f"127.0.0.1:{self.port}"]
        run += ["--admin", f"127.0.0.1:{self.admin}"]
        server = SERVER.strip().replace("8080", str(self.model))
        containers: list[dict[str, Any]] = [
            {"name": "model", "image": IMAGE, "command": [PYTHON, "-c", server]},
            {"name": "drift-sidecar", "image": IMAGE, "args": run},
        ]
        spec = {"containers": containers}
        podman.play({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}, folder, "host")
        eventually(lambda: self.ask("GET", "/readyz") == 200)

    def ask(self, method: str, path: str) -> int:
        """The status of the admin port's answer; 0 if there is none."""
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.admin, timeout=60)
            connection.request(method, path)
            return connection.getresponse().status
        except OSError:
            return 0

    def end(self, native: bool) -> None:
        """As a cluster ends it."""
        with ThreadPoolExecutor() as pool:
            if native:
                pool.submit(self._podman.run, "exec", f"{self.name}-drift-sidecar", "drift-sidecar", "drain")
            else:
                pool.submit(self._podman.run, "stop", "--time", GRACE, f"{self.name}-drift-sidecar")
            self.ask("GET", "/drained")
            self._podman.run("stop", "--time", "1", f"{self.name}-model")
        if native:
            self._podman.run("stop", "--time", GRACE, f"{self.name}-drift-sidecar")
        self._podman.remove(self.name)


class Load:
    """Clients with connections that they keep, over the pods that are told to them."""

    def __init__(self) -> None:
        self.pods: list[Pod] = []
        self.answered, self.failed = 0, list[str]()
        self._over, self._lock, self._turn = threading.Event(), threading.Lock(), itertools.count()
        self._threads = [threading.Thread(target=self._run) for _ in range(CLIENTS)]

    def start(self) -> None:
        """Send until stopped."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Send no more."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        kept: dict[int, http.client.HTTPConnection] = {}
        while not self._over.is_set():
            pods = self.pods
            pod = pods[next(self._turn) % len(pods)]
            connection = kept.setdefault(pod.port, http.client.HTTPConnection("127.0.0.1", pod.port, timeout=30))
            try:
                connection.request("POST", "/v2/models/m/infer", BODY, {"Content-Type": "application/json"})
                answer = connection.getresponse()
                answer.read()
                fault = "" if answer.status == 200 else f"status {answer.status}"
            except (OSError, http.client.HTTPException) as error:
                fault = repr(error)
                connection.close()
            with self._lock:
                self.answered += not fault
                self.failed += [fault] if fault else []
            time.sleep(0.005)


def replaced(podman: Podman, folder: Path, rounds: int, native: bool) -> tuple[int, list[str]]:
    """Requests that were answered, and what became of the others."""
    load = Load()
    load.pods = [Pod(podman, folder, "rolling-a"), Pod(podman, folder, "rolling-b")]
    load.start()
    try:
        for at in range(rounds):
            old, kept = load.pods
            new = Pod(podman, folder, f"rolling-{'n' if native else 'r'}{at}")
            load.pods = [kept, new, old]
            time.sleep(0.5)
            ending = threading.Thread(target=old.end, args=(native,))
            ending.start()
            time.sleep(LATE_SECONDS)
            load.pods = [kept, new]
            ending.join()
    finally:
        load.stop()
        for pod in load.pods:
            podman.remove(pod.name)
    return load.answered, load.failed


def main() -> None:
    """Print a line for each order."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        podman = Podman(Path(folder))
        for native in (True, False):
            answered, failed = replaced(podman, Path(folder), arguments.rounds, native)
            order = "native" if native else "regular"
            print(
                f"{order}: {arguments.rounds} pods replaced, {answered:,} requests answered, {len(failed)} failed {failed[:3]}"
            )


if __name__ == "__main__":
    main()
