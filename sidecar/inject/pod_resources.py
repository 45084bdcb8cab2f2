"""What a pod's own requests and limits become by a sidecar, and whether its quality of service stays.

Since Kubernetes 1.34 a pod may have `resources` of its own, beside those of its containers. They bound all containers together,
so a sidecar would live on what the model was given: they are raised by what it asks. Amounts are exact fractions.
Pure. Neighbour: `patch`, which records what is changed here.
"""

from __future__ import annotations

import math
import re
from fractions import Fraction
from typing import Any

from sidecar.inject.options import Options
from sidecar.inject.pod import Json, all_containers

_UNITS = {"n": Fraction(1, 10**9), "u": Fraction(1, 10**6), "m": Fraction(1, 1000), "": Fraction(1)}
_UNITS |= {unit: Fraction(1000**power) for power, unit in enumerate("kMGTPE", 1)}
_UNITS |= {f"{unit}i": Fraction(1024**power) for power, unit in enumerate("KMGTPE", 1)}
_QUANTITY = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(?:[eE]([+-]?\d{1,2})|([numkMGTPE]|[KMGTPE]i)?)")


def raise_pod_level(spec: Json, asked: Json) -> None:
    """Raise a pod's own requests and limits, in place, by what a container of these `resources` asks.

    Where the container has no limit, its request is what it counts on. Amounts that cannot be read are left to the API server.
    """
    for kind, amounts in (spec.get("resources") or {}).items():
        if kind not in ("requests", "limits") or not isinstance(amounts, dict):
            continue
        more = asked.get("requests", {}) | (asked.get("limits", {}) if kind == "limits" else {})
        for name in amounts.keys() & more.keys():
            amounts[name] = add(amounts[name], more[name])


def add(amount: Any, more: str) -> Any:
    """The sum of two quantities such as `500m` or `1Gi`; the first as it is, if either is none."""
    first, second = _parse(str(amount)), _parse(more)
    if first is None or second is None:
        return amount
    total = first + second
    if total.denominator != 1:
        return f"{math.ceil(total * 1000)}m"
    if "i" in f"{amount}{more}":
        units = (unit for unit in ("Ei", "Pi", "Ti", "Gi", "Mi", "Ki") if (total / _UNITS[unit]).denominator == 1)
        unit = next(units, "")
        return f"{total / _UNITS[unit]}{unit}"
    return str(total)


def guaranteed(pod: Json) -> bool:
    """Whether a pod's class is Guaranteed: CPU and memory have limits, and requests are equal to them."""
    whole = pod["spec"].get("resources") or {}
    bounds = [whole] if whole else [container.get("resources") or {} for container in all_containers(pod)]
    return all(
        {"cpu", "memory"} <= (of.get("limits") or {}).keys() and (of.get("requests") or of["limits"]) == of["limits"]
        for of in bounds
    )


def stays_guaranteed(options: Options) -> bool:
    """Whether a sidecar of these options leaves a Guaranteed pod what it is."""
    return (options.cpu_request, options.memory_request) == (options.cpu_limit, options.memory_limit)


def _parse(text: str) -> Fraction | None:
    found = _QUANTITY.fullmatch(text)
    if not found:
        return None
    number, exponent, unit = found.groups()
    return Fraction(number) * (Fraction(10) ** int(exponent) if exponent else _UNITS[unit or ""])
