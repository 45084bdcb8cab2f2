"""Reads kubeconfigs by kubectl's rules: the merge of the files in `KUBECONFIG`, and how a context gets into its cluster.

The rules are few and a test holds them against `kubectl config view`, so no client library is needed for them: `kubernetes`
alone is larger than the sidecar. What is not supported here (auth providers, impersonation, proxies) is refused by name,
not ignored. Neighbours: `credentials` for tokens and certificates, `cluster`, which connects.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import yaml

from sidecar.errors import UserError
from sidecar.inject.cluster import Access
from sidecar.inject.credentials import make_tls, make_token

_KINDS = {"clusters": "cluster", "users": "user", "contexts": "context"}
_PATHS = {
    "clusters": ("certificate-authority",),
    "users": ("client-certificate", "client-key", "tokenFile"),
    "contexts": (),
}
"""Fields that are paths, relative to the file that they stand in."""
_UNSUPPORTED = {
    "clusters": ("proxy-url",),
    "users": ("auth-provider", "username", "as", "as-uid", "as-groups", "as-user-extra"),
}
_FIX = "Give another with --kubeconfig, or fix it with `kubectl config`"


class KubeconfigError(UserError):
    """A kubeconfig that cannot be read, or uses what is not supported here."""


class Kubeconfig(NamedTuple):
    """The merge of one or more files."""

    source: str
    """The files, as an error names them."""
    current_context: str
    clusters: dict[str, Any]
    users: dict[str, Any]
    contexts: dict[str, Any]


def default_paths() -> list[Path]:
    """The files that kubectl would read, whether or not they exist: those of `KUBECONFIG`, else `~/.kube/config`."""
    listed = os.environ.get("KUBECONFIG", "")
    if listed:
        return [Path(path) for path in dict.fromkeys(listed.split(os.pathsep)) if path]
    return [Path.home() / ".kube" / "config"]


def read_kubeconfig(paths: list[Path]) -> Kubeconfig:
    """The merge of files, of which those that do not exist are skipped. Raises KubeconfigError, which names the file.

    The first file that has an entry of a name, or a current context, wins; later entries of that name are not looked at.
    """
    merged = Kubeconfig(os.pathsep.join(map(str, paths)), "", {}, {}, {})
    for path in paths:
        if not path.exists():
            continue
        tree = _read(path)
        merged = merged._replace(current_context=merged.current_context or str(tree.get("current-context") or ""))
        for kind in _KINDS:
            known: dict[str, Any] = getattr(merged, kind)
            for name, entry in _entries(tree, kind, path).items():
                known.setdefault(name, entry)
    return merged


def access_of(config: Kubeconfig, context: str = "") -> Access:
    """Access with a context, the current one if none is named. Raises KubeconfigError."""
    chosen = _find(config, "contexts", context or config.current_context)
    cluster = _find(config, "clusters", chosen.get("cluster"))
    user = _find(config, "users", chosen["user"]) if chosen.get("user") else {}
    server = cluster.get("server")
    if not server:
        raise KubeconfigError(config.source, f"has no server for cluster {chosen.get('cluster')!r}", _FIX)
    for kind, entry in (("clusters", cluster), ("users", user)):
        for name in _UNSUPPORTED[kind]:
            if entry.get(name):
                raise KubeconfigError(config.source, f"uses {name}, which is not supported here", _FIX)
    try:
        tls = make_tls(cluster, user) if str(server).startswith("https:") else None
        return Access(str(server), tls, make_token(user, cluster), str(cluster.get("tls-server-name") or ""))
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise KubeconfigError(config.source, f"gives no way in ({error})", _FIX) from error
    except (KeyError, TypeError, AttributeError, msgspec.MsgspecError) as error:
        raise KubeconfigError(config.source, f"has no {error}, or not where it belongs", _FIX) from error


def _read(path: Path) -> dict[str, Any]:
    try:
        tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise KubeconfigError(str(path), f"cannot be read ({error})", _FIX) from error
    if not isinstance(tree or {}, dict):
        raise KubeconfigError(str(path), "is no mapping", _FIX)
    return tree or {}


def _entries(tree: dict[str, Any], kind: str, path: Path) -> dict[str, Any]:
    """Entries of a file by name, with paths made absolute."""
    found: dict[str, Any] = {}
    listed = tree.get(kind) or []
    if not isinstance(listed, list) or not all(isinstance(one, dict) and "name" in one for one in listed):
        raise KubeconfigError(str(path), f"has {kind} that are no list of named entries, so not where it belongs", _FIX)
    for one in listed:
        if str(one["name"]) in found:
            raise KubeconfigError(str(path), f"has {one['name']!r} twice among its {kind}", _FIX)
        entry = one.get(_KINDS[kind]) or {}
        if not isinstance(entry, dict):
            raise KubeconfigError(str(path), f"has {one['name']!r} among its {kind}, which is no mapping", _FIX)
        absolute = {name: str(path.absolute().parent / entry[name]) for name in _PATHS[kind] if entry.get(name)}
        found[str(one["name"])] = {**entry, **absolute}
    return found


def _find(config: Kubeconfig, kind: str, name: object) -> dict[str, Any]:
    found: dict[str, Any] | None = getattr(config, kind).get(name)
    if found is None:
        raise KubeconfigError(config.source, f"has no {str(name or '')!r} among its {kind}", _FIX)
    return found
