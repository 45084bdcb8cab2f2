"""Podman with a storage of the tests' own, set up for a machine that is a container itself: no ulimits, runc, no network."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
BASE, IMAGE = "localhost/drift-sidecar-base:test", "localhost/drift-sidecar:test"
PYTHON = "/opt/drift-sidecar/bin/python"
SERVER = """
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Model(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(2 if b"slow" in body else 0)
        answer = b'{"outputs":[{"name":"y","shape":[1],"datatype":"FP64","data":[0.5]}]}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)
ThreadingHTTPServer(("127.0.0.1", 8080), Model).serve_forever()
"""
"""A model's program: two seconds for a body that says `slow`, no time for others."""
_CONF = """
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1000:1000"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
"""


class Podman:
    """Runs commands; `folder` holds its configuration."""

    def __init__(self, folder: Path) -> None:
        conf = folder / "containers.conf"
        conf.write_text(_CONF)
        self.storage = ROOT / ".cache" / "containers"
        self.environ = os.environ | {"CONTAINERS_CONF": str(conf), "STORAGE": str(self.storage)}
        self._command = ["podman", "--root", str(self.storage / "root"), "--runroot", str(self.storage / "run")]
        self._command += ["--storage-driver", "vfs"]

    def script(self, *command: str) -> None:
        """Run one of the project's scripts. Raises AssertionError with what it said if it fails."""
        done = subprocess.run(command, cwd=ROOT, env=self.environ, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}"

    def run(self, *arguments: str, check: bool = True) -> str:
        """Output of a podman command."""
        done = self.start(*arguments)
        output, error = done.communicate()
        assert not check or done.returncode == 0, f"podman {' '.join(arguments)} failed:\n{output}{error}"
        return output

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """A podman command, under way."""
        command = [*self._command, *arguments]
        return subprocess.Popen(
            command, cwd=ROOT, env=self.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def python(self, container: str, program: str) -> str:
        """What a program prints that runs within a container, with its network."""
        return self.run("exec", container, PYTHON, "-c", program)

    def inspect(self, image: str) -> dict[str, Any]:
        """What is known of an image."""
        found: dict[str, Any] = json.loads(self.run("image", "inspect", image))[0]
        return found

    def play(self, pod: dict[str, Any], folder: Path, network: str = "none") -> None:
        """Start a pod as Kubernetes describes it, in place of one that a broken-off run left; by default with no network."""
        name = pod["metadata"]["name"]
        file = folder / f"{name}.json"
        file.write_text(json.dumps(pod))
        self.remove(name)
        self.run("play", "kube", f"--network={network}", str(file))

    def remove(self, pod: str) -> None:
        """End a pod, whatever state it is in."""
        self.run("pod", "rm", "--force", "--time", "0", pod, check=False)
