"""Replaces one of two real pods under load, as a cluster does it, and tells what became of each request.

The end of a pod comes in a cluster's order: the preStop hooks of both containers at once (`drift-sidecar drain`, and GET
/drained for the model), then SIGTERM; a native sidecar gets it after the model has ended, a regular one at the beginning. The
model ends at once on SIGTERM, one request in twenty takes it two seconds, and clients hear that the pod is going half a second
late. `careless` is the control: both containers get SIGTERM at once and no hook runs, so requests must fail. Needs podman, root
and the image that `tests/image` builds.
"""

from __future__ import annotations

import http.client
import itertools
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from enum import StrEnum
from pathlib import Path
from typing import Any

from harness.podman import IMAGE, PYTHON, SERVER, Podman
from harness.program import eventually, free_ports
from sidecar.settings.catalogue import ENV_PREFIX

CLIENTS, LATE_SECONDS, GRACE = 8, 0.5, "30"
BODY = b'{"id":"%s","inputs":[{"name":"x","shape":[1],"datatype":"FP64","data":[1.5]}]}'
SLOW_ONE_IN = 20
"""So that at the end of a pod a request is almost always in flight: the server of the tests takes two seconds for it."""
ENDS_AT_ONCE = "import os, signal; signal.signal(signal.SIGTERM, lambda *_: os._exit(0))"


class Order(StrEnum):
    """In which order the containers of a pod end."""

    NATIVE = "native"
    REGULAR = "regular"
    CARELESS = "careless"


class Pod:
    """A model and its sidecar on ports of this host."""

    def __init__(self, podman: Podman, folder: Path, name: str) -> None:
        self._podman, self.name = podman, name
        self.model, self.port, self.admin = free_ports(3)
        addresses = {"UPSTREAM": self.model, "LISTEN": self.port, "ADMIN": self.admin}
        env = [{"name": f"{ENV_PREFIX}{key}", "value": f"127.0.0.1:{port}"} for key, port in addresses.items()]
        server = f"{ENDS_AT_ONCE}\n{SERVER.strip()}".replace("8080", str(self.model))
        containers: list[dict[str, Any]] = [
            {"name": "model", "image": IMAGE, "command": [PYTHON, "-c", server]},
            {"name": "drift-sidecar", "image": IMAGE, "args": ["run"], "env": env},
        ]
        spec = {"containers": containers}
        podman.play({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}, folder, "host")
        eventually(lambda: self.ask("GET", "/readyz") == 200)

    def ask(self, method: str, path: str) -> int:
        """The status of the admin port's answer; 0 if there is none."""
        try:
            with closing(http.client.HTTPConnection("127.0.0.1", self.admin, timeout=60)) as connection:
                connection.request(method, path)
                return connection.getresponse().status
        except OSError:
            return 0

    def end(self, order: Order) -> None:
        """As a cluster ends it."""
        sidecar = f"{self.name}-drift-sidecar"
        told = (
            ("exec", sidecar, "drift-sidecar", "drain") if order is Order.NATIVE else ("stop", "--time", GRACE, sidecar)
        )
        with ThreadPoolExecutor() as pool:
            hook = pool.submit(self._podman.run, *told)
            if order is not Order.CARELESS:
                self.ask("GET", "/drained")
            self._podman.run("stop", "--time", "1", f"{self.name}-model")
        hook.result()
        if order is Order.NATIVE:
            self._podman.run("stop", "--time", GRACE, sidecar)
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
        with ExitStack() as stack:
            kept: dict[int, http.client.HTTPConnection] = {}
            while not self._over.is_set():
                pods, turn = self.pods, next(self._turn)
                port = pods[turn % len(pods)].port
                if port not in kept:
                    kept[port] = stack.enter_context(closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)))
                fault = asked(kept[port], BODY % (b"" if turn % SLOW_ONE_IN else b"slow"))
                with self._lock:
                    self.answered += not fault
                    self.failed += [fault] if fault else []
                time.sleep(0.005)


def asked(connection: http.client.HTTPConnection, body: bytes) -> str:
    """What went wrong with one request; empty if nothing did."""
    try:
        connection.request("POST", "/v2/models/m/infer", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException) as error:
        connection.close()
        return repr(error)
    return "" if answer.status == 200 else f"status {answer.status}"


def replaced(podman: Podman, folder: Path, rounds: int, order: Order) -> tuple[int, list[str]]:
    """Requests that were answered, and what became of the others."""
    load = Load()
    load.pods = [Pod(podman, folder, "rolling-a"), Pod(podman, folder, "rolling-b")]
    load.start()
    try:
        for at in range(rounds):
            old, kept = load.pods
            new = Pod(podman, folder, f"rolling-{order}{at}")
            load.pods = [kept, new, old]
            time.sleep(0.5)
            ending = threading.Thread(target=old.end, args=(order,))
            ending.start()
            time.sleep(LATE_SECONDS)
            load.pods = [kept, new]
            ending.join()
    finally:
        load.stop()
        for pod in load.pods:
            podman.remove(pod.name)
    return load.answered, load.failed
