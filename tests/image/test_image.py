"""The image, built for real and run as a cluster would: read-only, with no capabilities, as any user, beside a model in a pod."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.podman import BASE, IMAGE, PYTHON, ROOT, SERVER, Podman
from harness.program import eventually

MOST_BYTES = 120_000_000
"""Of the image above its base."""
BILL = "/opt/drift-sidecar/sbom.cdx.json"
POD = "loans"
MODEL, SIDECAR = f"{POD}-model", f"{POD}-drift-sidecar"
ASK = """
import urllib.request
body = b'{"id":"%s","inputs":[{"name":"x","shape":[1],"datatype":"FP64","data":[1.5]}]}'
request = urllib.request.Request("http://127.0.0.1:9480/v2/models/m/infer", body, {"Content-Type": "application/json"})
print(urllib.request.urlopen(request, timeout=20).status)
"""
KILL = """
import os, signal
for pid in filter(str.isdigit, os.listdir("/proc")):
    if b"\\0sidecar.app\\0" in open(f"/proc/{pid}/cmdline", "rb").read():
        os.kill(int(pid), signal.SIGKILL)
"""
READ = "import urllib.request; print(urllib.request.urlopen('http://127.0.0.1:9481%s', timeout=5).read().decode())"


@pytest.fixture
def pod(podman: Podman, tmp_path: Path) -> Iterator[Podman]:
    """The sidecar before a model, both locked down; the user is one that OpenShift might choose."""
    locked = {
        "readOnlyRootFilesystem": True,
        "allowPrivilegeEscalation": False,
        "runAsUser": 1_000_660_000 % 60_000,
        "runAsGroup": 0,
        "capabilities": {"drop": ["ALL"]},
    }
    sidecar = ["run", "--upstream", "127.0.0.1:8080", "--set", "drain.notice_seconds=0.5"]
    sidecar += ["--set", "container.model_processes=true"]
    containers: list[dict[str, Any]] = [
        {"name": "model", "image": IMAGE, "command": [PYTHON, "-c", SERVER.strip()], "securityContext": locked},
        {"name": "drift-sidecar", "image": IMAGE, "args": sidecar, "securityContext": locked},
    ]
    spec = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": POD},
        "spec": {"shareProcessNamespace": True, "containers": containers},
    }
    podman.play(spec, tmp_path)
    eventually(lambda: "ready" in podman.run("exec", SIDECAR, PYTHON, "-c", READ % "/readyz", check=False))
    yield podman
    podman.remove(POD)


def test_the_dockerfile_is_clean() -> None:
    linter = str(Path(sys.executable).with_name("hadolint"))
    done = subprocess.run(
        [linter, "--ignore", "DL3059", ROOT / "Dockerfile"], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout) == (0, "")


def test_it_is_small_runs_as_nobody_and_says_what_it_is(podman: Podman) -> None:
    image, base = podman.inspect(IMAGE), podman.inspect(BASE)

    assert image["Size"] - base["Size"] < MOST_BYTES
    assert image["Config"]["User"] == "65532:0"
    assert image["Config"]["Entrypoint"] == ["/opt/drift-sidecar/bin/drift-sidecar"]
    assert image["Config"]["Labels"]["org.opencontainers.image.title"] == "drift-sidecar"
    assert image["HealthCheck" if "HealthCheck" in image else "Healthcheck"]["Test"][0] == "CMD"


def test_its_bill_of_materials_is_what_was_locked(podman: Podman) -> None:
    read = ("--rm", "--no-healthcheck", "--network=none", "--entrypoint", "/bin/cat")
    bill = json.loads(podman.run("run", *read, IMAGE, BILL))
    lines = (ROOT / "requirements/image.txt").read_text().splitlines()
    locked = {_plain(line.partition("==")[0]): line.partition("==")[2] for line in lines if "==" in line}
    found = {_plain(one["name"]): one["version"] for one in bill["components"]}

    assert found.pop("drift-sidecar")
    assert found == locked


def _plain(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


def test_traffic_passes_and_is_measured_in_a_pod_that_is_locked_down(pod: Podman) -> None:
    for _ in range(5):
        assert pod.python(MODEL, ASK % "1").strip() == "200"

    rows = 'model_rows_total{answered="accepted",model_name="model",model_version="",side="input"} 5.0'
    eventually(lambda: rows in pod.python(SIDECAR, READ % "/metrics"))
    assert "drift-sidecar" in pod.python(SIDECAR, READ % "/")
    metrics = pod.python(SIDECAR, READ % "/metrics")
    assert re.search(r"^model_container_memory_bytes\{.*\} [1-9]", metrics, re.MULTILINE)
    assert re.search(r"^sidecar_container_memory_bytes\{.*\} [1-9]", metrics, re.MULTILINE)
    check = pod.inspect(IMAGE)
    test = check["HealthCheck" if "HealthCheck" in check else "Healthcheck"]["Test"]
    pod.run("exec", SIDECAR, *test[1:])


def test_a_request_in_flight_is_answered_while_the_sidecar_ends(pod: Podman) -> None:
    asking = pod.start("exec", MODEL, PYTHON, "-c", ASK % "slow")
    time.sleep(1.0)

    pod.run("stop", "--time", "20", SIDECAR)

    answered, error = asking.communicate()
    assert answered.strip() == "200", error
    assert json.loads(pod.run("inspect", SIDECAR))[0]["State"]["ExitCode"] == 0


def test_an_observer_that_is_killed_costs_no_request_and_comes_back(pod: Podman) -> None:
    pod.python(SIDECAR, KILL)

    assert pod.python(MODEL, ASK % "1").strip() == "200"
    restarts = 'sidecar_observer_restarts_total{model_name="model",model_version=""} 1'
    eventually(lambda: restarts in pod.python(SIDECAR, READ % "/metrics"))
