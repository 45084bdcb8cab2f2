"""Reviews that nobody means well with: thousands of pods broken in structure and in bytes, from a seed."""

from __future__ import annotations

import copy
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from sidecar.inject.annotations import ANNOTATIONS
from sidecar.inject.wishes import PREFIX
from sidecar.settings.catalogue import catalogue

Json = dict[str, Any]
SEEDS = [
    yaml.safe_load(path.read_text())["before"] for path in sorted(Path(__file__).with_name("cases").glob("*.yaml"))
]
VALUES: list[Any] = [
    None, True, False, 0, -1, 1, 80, 8080, 9480, 65_535, 65_536, 2**31, 2**63, 2**64, 1.5, -0.0, "", "0", "8080", "http", "grpc",
    "a" * 300, "ü\u202e\x00\n\r", "../../etc", "$(POD_IP)", "{}", "[]", "drift-sidecar", "enabled", "disabled", "null",
    [], [[]], [None], ["x"], {}, {"name": "drift-sidecar"}, {"name": "model", "image": "x"}, {"containerPort": 8080},
    {"httpGet": {"port": "http", "path": "/"}}, {"exec": {"command": ["true"]}}, {"drift-sidecar/status": "[]"},
]  # fmt: skip
KEYS = [f"{PREFIX}{name}" for name in (*ANNOTATIONS, *catalogue(), "portt", "", "/")]
TEXTS = [
    "", "true", "no", "yes", "auto", "take-over", "shift", "loopback", "PORT", "--port", "HOST", "model", "http", "8080",
    "http,grpc", "0", "-1", "99999", "1e9", "NaN", "configmap:a/b", "secret:a", "pvc:a/b/c",
    "https://m/r.json", "/r", "pvc:../..",
    "admit", "refuse", "enabled", "disabled", "500m", "1Gi", "½",
    "a,b=c", "$(x)", "x" * 5000, "\x00", "\u2028", "[]", '[{"at":["spec"]}]',
    '[{"at":["metadata","annotations","a"],"was":1}]', "/var/a/b.jsonl", "/etc/x", "Always", "1.33", "0.0.0.0:1",
]  # fmt: skip


def reviews(seed: int, count: int) -> Iterator[bytes]:
    """So many bodies; about one in six is broken in its bytes, the others in their structure, a few not at all."""
    chance = random.Random(seed)
    for _ in range(count):
        pod = copy.deepcopy(chance.choice(SEEDS))
        for _ in range(chance.choice((0, 1, 1, 1, 2, 3, 5))):
            chance.choice(_MUTATIONS)(chance, pod)
        whole = review_of(pod)
        if chance.random() < 0.1:
            _replace_somewhere(chance, whole)
        body = json.dumps(whole, ensure_ascii=chance.random() < 0.5).encode()
        yield _bytes(chance, body) if chance.random() < 0.16 else body


def review_of(pod: Any, **request: Any) -> Json:
    """A review as the API server sends it."""
    kind = {"group": "", "version": "v1", "kind": "Pod"}
    about = {"uid": "705ab4f5-6393", "kind": kind, "operation": "CREATE", "namespace": "fraud", "dryRun": False}
    return {
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {**about, "object": pod, "oldObject": None, **request},
    }


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, Any]]:
    """Every item of every mapping and list, as its parent and key."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield value, key
        yield from _places(item)


def _somewhere(chance: random.Random, pod: Json) -> tuple[Any, Any]:
    return chance.choice(list(_places(pod)) or [({"x": None}, "x")])


def _replace_somewhere(chance: random.Random, pod: Json) -> None:
    parent, key = _somewhere(chance, pod)
    parent[key] = copy.deepcopy(chance.choice(VALUES))


def _remove_somewhere(chance: random.Random, pod: Json) -> None:
    parent, key = _somewhere(chance, pod)
    parent.pop(key, None) if isinstance(parent, dict) else parent.pop(key)


def _double_somewhere(chance: random.Random, pod: Json) -> None:
    parent, key = _somewhere(chance, pod)
    if isinstance(parent, list):
        parent.append(copy.deepcopy(parent[key]))
    else:
        parent[chance.choice((*pod, "containers", "ports", "name", "env", "x"))] = copy.deepcopy(parent[key])


def _graft(chance: random.Random, pod: Json) -> None:
    """Put a part of another pod somewhere into this one, under its own name."""
    other, name = _somewhere(chance, chance.choice(SEEDS))
    parent, key = _somewhere(chance, pod)
    if isinstance(parent, dict) and isinstance(name, str):
        parent[name] = copy.deepcopy(other[name])
    else:
        parent[key] = copy.deepcopy(other[name])


def _annotate(chance: random.Random, pod: Json) -> None:
    metadata = pod.get("metadata")
    if not isinstance(metadata, dict):
        metadata = pod["metadata"] = {}
    kind = chance.choice(("annotations", "annotations", "annotations", "labels"))
    if not isinstance(metadata.get(kind), dict):
        metadata[kind] = {}
    metadata[kind][chance.choice(KEYS)] = chance.choice(TEXTS)


_MUTATIONS = (_annotate, _annotate, _replace_somewhere, _remove_somewhere, _double_somewhere, _graft)


def _bytes(chance: random.Random, body: bytes) -> bytes:
    at, to = sorted(chance.randrange(len(body)) for _ in range(2))
    return chance.choice((
        body[:at], body[at:], body[:at] + body[to:], body[:to] + body[at:],
        body[:at] + bytes([chance.randrange(256)]) + body[at + 1 :],
        body[:at] + b"[" * 5000 + body[at:], body[:at] + b'{"a":' * 3000 + body[at:], body[:at] + b"\xff\xfe" + body[at:],
        body[:at] + b"\\ud800" + body[at:], body[:at] + b"9" * 400 + body[at:], b"\x00" * at, b"",
    ))  # fmt: skip


_PORT_NAME = re.compile(r"(?=.*[a-z])[a-z0-9]([a-z0-9-]{0,13}[a-z0-9])?")


def refused_by_api(pod: Json) -> list[str]:
    """What an API server refuses a pod for that its schema does not say, where the injector could have done it."""
    spec, annotations = pod["spec"], (pod.get("metadata") or {}).get("annotations") or {}
    containers = [*(spec.get("initContainers") or []), *spec["containers"]]
    found = _repeated("container", [one["name"] for one in containers])
    volumes = [one["name"] for one in spec.get("volumes") or []]
    found += _repeated("volume", volumes)
    if sum(len(name.encode()) + len(text.encode()) for name, text in annotations.items()) > 262_144:
        found.append("annotations are too long")
    for one in containers:
        ports, mounts = one.get("ports") or [], one.get("volumeMounts") or []
        names = [port["name"] for port in ports if port.get("name")]
        found += _repeated(f"{one['name']}: port", names)
        found += [
            f"{one['name']}: port name {name}" for name in names if not _PORT_NAME.fullmatch(name) or "--" in name
        ]
        found += [f"{one['name']}: port {port}" for port in ports if not 1 <= port["containerPort"] <= 65_535]
        found += _repeated(f"{one['name']}: mount", [mount["mountPath"] for mount in mounts])
        found += [f"{one['name']}: mounts no volume" for mount in mounts if mount["name"] not in volumes]
    return found


def _repeated(kind: str, names: list[str]) -> list[str]:
    return [f"{kind} {name} twice" for name in set(names) if names.count(name) > 1]
