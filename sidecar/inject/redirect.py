"""Three ways to bring a model's traffic to the sidecar, without privileges and without changing a Service.

- *take-over* gives the name of the model's port to the sidecar: for Services that target a name.
- *shift* moves the model to another port, and the sidecar listens on the number: for Services that target a number.
- *loopback* makes the model listen on 127.0.0.1, and the sidecar listens on the same number of the pod's address.

The last two tell the model by a variable or flag. Kubernetes resolves a port's name in a probe within the probe's own container,
so the model's probes and hooks get the number where the name moves. Only the model's container is changed here.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from sidecar.inject.annotations import PodConfig, refused
from sidecar.inject.model_container import free_port
from sidecar.inject.options import Refused
from sidecar.inject.pod import Json, ensure, handlers

_NAME_LIMIT = 15
"""Longest name of a port that Kubernetes allows."""
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
_HOSTS = frozenset({"0.0.0.0", "::", "[::]", "127.0.0.1", "localhost"})  # noqa: S104  # values that a model's variables may have
_KNOWN = {"port-variable": (PORT_VARIABLES, _PORT_FLAGS), "host-variable": (HOST_VARIABLES, _HOST_FLAGS)}
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*|--?[A-Za-z][A-Za-z0-9_.-]*")


class Redirect(NamedTuple):
    """Where the sidecar listens and forwards to, and the ports that it declares."""

    pairs: list[tuple[str, str]]
    """Listening address and upstream address, the main pair first."""
    ports: list[Json]
    warnings: list[str]


def redirect(pod: Json, model: Json, ports: list[Json], config: PodConfig) -> Redirect:
    """Change the model's container, in place, so that its traffic comes to the sidecar.

    Raises Refused if the model is to move, and no variable or flag is known that tells it.
    """
    ways = {"take-over": _take_over, "loopback": _loopback, "shift": _shift}
    made = ways[config.options.traffic](pod, model, ports, config)
    held = [str(port["hostPort"]) for port in ports if port.get("hostPort")]
    if held and config.options.traffic != "loopback":
        made.warnings.append(f"hostPort {', '.join(held)} leads to the model, past the sidecar: use a Service")
    return made


def _take_over(pod: Json, model: Json, ports: list[Json], config: PodConfig) -> Redirect:
    made = Redirect([], [], [])
    taken = {config.options.port, config.options.admin_port}
    for port in ports:
        number = free_port(pod, config.options.admin_port + 1, taken) if made.pairs else config.options.port
        taken.add(number)
        name = _take_port_name(pod, model, port, made.ports)
        made.pairs.append((f"{config.options.host}:{number}", f"127.0.0.1:{port['containerPort']}"))
        made.ports.append(_declared(name, number, port))
        if "name" not in port:
            made.warnings.append(
                f"port {port['containerPort']} of container {model['name']} has no name, so Services reach it by number, past "
                f"the sidecar: give them `targetPort: {name}`"
            )
    return made


def _shift(pod: Json, model: Json, ports: list[Json], config: PodConfig) -> Redirect:
    main, *others = ports
    number = main["containerPort"]
    moved = free_port(pod, number + _SHIFT if number + _SHIFT < 65_536 else number - _SHIFT, set())
    _configure_model(model, config, "port-variable", frozenset({str(number)}), str(moved))
    declared = _declared(_take_port_name(pod, model, main, []), number, main)
    _retarget(model, {number: moved})
    main["containerPort"] = moved
    warnings = _privileged(number)
    if others:
        passed = ", ".join(str(port["containerPort"]) for port in others)
        warnings.append(f"ports {passed} are not shifted, and go past the sidecar")
    return Redirect([(f"{config.options.host}:{number}", f"127.0.0.1:{moved}")], [declared], warnings)


def _loopback(pod: Json, model: Json, ports: list[Json], config: PodConfig) -> Redirect:
    _configure_model(model, config, "host-variable", _HOSTS, "127.0.0.1")
    made = Redirect([], [], [])
    for port in ports:
        number = port["containerPort"]
        made.pairs.append((f"[$(POD_IP)]:{number}", f"127.0.0.1:{number}"))
        made.ports.append(_declared(_take_port_name(pod, model, port, made.ports), number, port))
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


def _take_port_name(pod: Json, model: Json, port: Json, made: list[Json]) -> str:
    """Take the name of the model's port for the sidecar's, and rename the model's; a new name if it had none.

    `made` are the sidecar's own ports so far.
    """
    known = [*made, *(one for container in pod["spec"]["containers"] for one in container.get("ports") or [])]
    names = {one.get("name") for one in known}
    if not port.get("name"):
        return next(name for name in ("http", *(f"http-{n}" for n in range(2, 99))) if name not in names)
    given = str(port["name"])
    _retarget(model, {given: port["containerPort"]})
    port["name"] = _free_name(f"app-{given}", names)
    return given


def _free_name(wanted: str, taken: set[str | None]) -> str:
    candidates = (
        wanted[: _NAME_LIMIT - len(tail)].rstrip("-") + tail for tail in ("", *(f"-{n}" for n in range(2, 99)))
    )
    return next(name for name in candidates if name not in taken)


def _retarget(model: Json, moves: dict[str, int] | dict[int, int]) -> None:
    """Retarget probes and hooks: `moves` maps names or old numbers of ports to numbers."""
    for _, handler in handlers(model):
        for kind in ("httpGet", "tcpSocket", "grpc"):
            target = handler.get(kind)
            if target and target["port"] in moves:
                target["port"] = moves[target["port"]]


def _configure_model(model: Json, config: PodConfig, option: str, old: frozenset[str], new: str) -> None:
    """Set the model's port or address: by the variable or flag that the pod names, else by every known one with an old value."""
    named = config.own.get(option)
    if named:
        _configure_by_name(model, option, named, new)
        return
    variables, flags = _KNOWN[option]
    by_flag = _set_flags(model, flags, old, new)
    by_variable = _set_variables(model, variables, old, new)
    if not by_flag and not by_variable:
        raise Refused(
            f"container {model['name']}",
            f"has no known variable or flag that says its {option.partition('-')[0]}",
            f"Name it with drift-sidecar/{option}, or write drift-sidecar/traffic: take-over",
        )


def _configure_by_name(model: Json, option: str, named: str, new: str) -> None:
    if not _VARIABLE.fullmatch(named):
        raise refused(option, named, "is neither a variable nor a flag", "Write it as PORT or --port")
    only = frozenset({named})
    if named.startswith("-"):
        if not _set_flags(model, only, None, new):
            model["args"] = [*(model.get("args") or []), f"{named}={new}"]
    elif not _set_variables(model, only, None, new):
        ensure(model, "env", []).append({"name": named, "value": new})


def _set_variables(model: Json, names: frozenset[str], old: frozenset[str] | None, new: str) -> bool:
    """Set those variables whose value is in `old`, or all if it is None; returns whether there was any."""
    found = [one for one in model.get("env") or [] if one["name"] in names and (old is None or one.get("value") in old)]
    for one in found:
        one.pop("valueFrom", None)
        one["value"] = new
    return bool(found)


def _set_flags(model: Json, flags: frozenset[str], old: frozenset[str] | None, new: str) -> bool:
    """As `_set_variables`, for flags in `command` and `args`."""
    found = False
    for words in (model.get("command") or [], model.get("args") or []):
        for place, word in enumerate(words):
            flag, equals, _ = word.partition("=")
            at, lead = (place, f"{flag}=") if equals else (place + 1, "")
            if flag in flags and at < len(words) and (old is None or words[at].removeprefix(lead) in old):
                words[at] = f"{lead}{new}"
                found = True
    return found
