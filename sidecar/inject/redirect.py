"""Three ways to bring a model's traffic to the sidecar, without privilege and without touching a Service.

Take-over gives the model's port name to the sidecar. Shift moves the model to another port and takes its number.
Loopback has the model listen on 127.0.0.1 and takes its number on the pod's address. Kubernetes looks a named port of
a probe up in the probe's own container only, so a model's probes and hooks get numbers.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from sidecar.inject.model import free_port
from sidecar.inject.options import Refused
from sidecar.inject.shape import Json, filled, handlers
from sidecar.inject.wishes import Wishes, refused

_NAME_LIMIT = 15
"""Longest name of a port."""
_SHIFT = 10_000

PORT_VARIABLES = frozenset({
    "AIP_HTTP_PORT", "SAGEMAKER_BIND_TO_PORT", "MLSERVER_HTTP_PORT", "PORT", "HTTP_PORT", "SERVER_PORT", "UVICORN_PORT",
    "BENTOML_PORT", "FLASK_RUN_PORT", "GRADIO_SERVER_PORT", "MLFLOW_PORT",
})  # fmt: skip
HOST_VARIABLES = frozenset({
    "HOST", "HTTP_HOST", "SERVER_HOST", "MLSERVER_HOST", "UVICORN_HOST", "BENTOML_HOST", "FLASK_RUN_HOST",
    "GRADIO_SERVER_NAME", "MLFLOW_HOST",
})  # fmt: skip
_PORT_FLAGS = frozenset({"--http_port", "--http-port", "--port", "--rest_api_port", "--rest-api-port", "--server-port"})
_HOST_FLAGS = frozenset({"--host", "--http-address", "--address", "--server-host"})
_HOSTS = frozenset({"0.0.0.0", "::", "[::]", "127.0.0.1", "localhost"})  # noqa: S104  # what a model may be told today
_KNOWN = {"port-variable": (PORT_VARIABLES, _PORT_FLAGS), "host-variable": (HOST_VARIABLES, _HOST_FLAGS)}
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*|--?[A-Za-z][A-Za-z0-9_.-]*")


class Redirect(NamedTuple):
    """Where the sidecar listens and sends to, pair by pair, and the ports it declares."""

    pairs: list[tuple[str, str]]
    """Listening and upstream address."""
    ports: list[Json]
    warnings: list[str]


def redirect(pod: Json, model: Json, ports: list[Json], wishes: Wishes) -> Redirect:
    """Change the model's container so that its traffic comes to the sidecar. Raises Refused if it cannot be told how."""
    ways = {"take-over": _take_over, "loopback": _loopback, "shift": _shift}
    made = ways[wishes.options.traffic](pod, model, ports, wishes)
    held = [str(port["hostPort"]) for port in ports if port.get("hostPort")]
    if held and wishes.options.traffic != "loopback":
        made.warnings.append(f"hostPort {', '.join(held)} leads to the model, past the sidecar: use a Service")
    return made


def _take_over(pod: Json, model: Json, ports: list[Json], wishes: Wishes) -> Redirect:
    made = Redirect([], [], [])
    taken = {wishes.options.port, wishes.options.admin_port}
    for port in ports:
        number = free_port(pod, wishes.options.admin_port + 1, taken) if made.pairs else wishes.options.port
        taken.add(number)
        name = _give_name(pod, model, port, made.ports)
        made.pairs.append((f"{wishes.options.host}:{number}", f"127.0.0.1:{port['containerPort']}"))
        made.ports.append(_declared(name, number, port))
        if "name" not in port:
            made.warnings.append(
                f"port {port['containerPort']} of container {model['name']} has no name, so Services reach it by number, past "
                f"the sidecar: give them `targetPort: {name}`"
            )
    return made


def _shift(pod: Json, model: Json, ports: list[Json], wishes: Wishes) -> Redirect:
    main, *others = ports
    number = main["containerPort"]
    moved = free_port(pod, number + _SHIFT if number + _SHIFT < 65_536 else number - _SHIFT, set())
    _tell(model, wishes, "port-variable", frozenset({str(number)}), str(moved))
    declared = _declared(_give_name(pod, model, main, []), number, main)
    _retarget(model, {number: moved})
    main["containerPort"] = moved
    warnings = _privileged(number)
    if others:
        passed = ", ".join(str(port["containerPort"]) for port in others)
        warnings.append(f"ports {passed} are not shifted, and go past the sidecar")
    return Redirect([(f"{wishes.options.host}:{number}", f"127.0.0.1:{moved}")], [declared], warnings)


def _loopback(pod: Json, model: Json, ports: list[Json], wishes: Wishes) -> Redirect:
    _tell(model, wishes, "host-variable", _HOSTS, "127.0.0.1")
    made = Redirect([], [], [])
    for port in ports:
        number = port["containerPort"]
        made.pairs.append((f"[$(POD_IP)]:{number}", f"127.0.0.1:{number}"))
        made.ports.append(_declared(_give_name(pod, model, port, made.ports), number, port))
        made.warnings.extend(_privileged(number))
    if any("exec" not in handler for _, handler in handlers(model)):
        made.warnings.append(
            f"probes of container {model['name']} go through the sidecar, since it listens on 127.0.0.1"
        )
    return made


def _declared(name: str, number: int, port: Json) -> Json:
    return {"name": name, "containerPort": number, "protocol": port.get("protocol") or "TCP"}


def _privileged(number: int) -> list[str]:
    if number >= 1024:
        return []
    return [f"port {number} needs net.ipv4.ip_unprivileged_port_start <= {number}, for the sidecar is not root"]


def _give_name(pod: Json, model: Json, port: Json, made: list[Json]) -> str:
    """The port's name, which the model gives up; a new one if it had none. `made` are the sidecar's own so far."""
    known = [*made, *(one for container in pod["spec"]["containers"] for one in container.get("ports") or [])]
    names = {one.get("name") for one in known}
    if not port.get("name"):
        return next(name for name in ("http", *(f"http-{n}" for n in range(2, 99))) if name not in names)
    given = str(port["name"])
    _retarget(model, {given: port["containerPort"]})
    port["name"] = _free_name(f"app-{given}", names)
    return given


def _free_name(wish: str, taken: set[str | None]) -> str:
    candidates = (wish[: _NAME_LIMIT - len(tail)].rstrip("-") + tail for tail in ("", *(f"-{n}" for n in range(2, 99))))
    return next(name for name in candidates if name not in taken)


def _retarget(model: Json, moves: dict[str, int] | dict[int, int]) -> None:
    """Probes and hooks that go to one of these ports go to the number instead."""
    for _, handler in handlers(model):
        for kind in ("httpGet", "tcpSocket", "grpc"):
            target = handler.get(kind)
            if target and target["port"] in moves:
                target["port"] = moves[target["port"]]


def _tell(model: Json, wishes: Wishes, wish: str, old: frozenset[str], new: str) -> None:
    """Say a port or address to the model by the variable or flag that is named, or by the known ones that have an old value."""
    named = wishes.own.get(wish)
    if named:
        _tell_by(model, wish, named, new)
        return
    variables, flags = _KNOWN[wish]
    by_flag = _set_flags(model, flags, old, new)
    by_variable = _set_variables(model, variables, old, new)
    if not by_flag and not by_variable:
        raise Refused(
            f"container {model['name']}",
            f"has no known variable or flag that says its {wish.partition('-')[0]}",
            f"Name it with drift-sidecar/{wish}, or write drift-sidecar/traffic: take-over",
        )


def _tell_by(model: Json, wish: str, named: str, new: str) -> None:
    if not _VARIABLE.fullmatch(named):
        raise refused(wish, named, "is neither a variable nor a flag", "Write it as PORT or --port")
    only = frozenset({named})
    if named.startswith("-"):
        if not _set_flags(model, only, None, new):
            model["args"] = [*(model.get("args") or []), f"{named}={new}"]
    elif not _set_variables(model, only, None, new):
        filled(model, "env", []).append({"name": named, "value": new})


def _set_variables(model: Json, names: frozenset[str], old: frozenset[str] | None, new: str) -> bool:
    """Set those variables that have one of the old values; any value if None."""
    found = [one for one in model.get("env") or [] if one["name"] in names and (old is None or one.get("value") in old)]
    for one in found:
        one.pop("valueFrom", None)
        one["value"] = new
    return bool(found)


def _set_flags(model: Json, flags: frozenset[str], old: frozenset[str] | None, new: str) -> bool:
    """Set those flags that have one of the old values, in `command` and `args`; any value if None."""
    told = False
    for words in (model.get("command") or [], model.get("args") or []):
        for place, word in enumerate(words):
            flag, equals, _ = word.partition("=")
            at, lead = (place, f"{flag}=") if equals else (place + 1, "")
            if flag in flags and at < len(words) and (old is None or words[at].removeprefix(lead) in old):
                words[at] = f"{lead}{new}"
                told = True
    return told
