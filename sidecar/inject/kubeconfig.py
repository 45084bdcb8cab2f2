"""Reads a kubeconfig: where the cluster is and how `kubectl` gets in there. Neighbour: `cluster`, which goes there."""

from __future__ import annotations

import base64
import os
import ssl
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import yaml

from sidecar.errors import UserError
from sidecar.inject.cluster import Access
from sidecar.inject.pod import Json

_EXEC_SECONDS = 60


class KubeconfigError(UserError):
    """A kubeconfig that cannot be read, or has what is not known here."""


def default_path() -> str:
    """The file that kubectl would read."""
    return os.environ.get("KUBECONFIG", "").partition(os.pathsep)[0] or str(Path.home() / ".kube" / "config")


def read_kubeconfig(path: str, context: str = "") -> Access:
    """The access of a context, the current one if none is named. Raises KubeconfigError."""
    mend = "Give another with --kubeconfig, or mend it with `kubectl config`"
    try:
        tree = yaml.safe_load(Path(path).read_text(encoding="utf-8")) or {}
        chosen = _named(tree, "contexts", context or str(tree.get("current-context")))["context"]
        cluster = _named(tree, "clusters", chosen["cluster"])["cluster"]
        user = _named(tree, "users", chosen["user"])["user"] or {}
        folder = Path(path).resolve().parent
        tls = _tls(cluster, user, folder) if str(cluster["server"]).startswith("https:") else None
        return Access(str(cluster["server"]), tls, _token(user, folder))
    except (OSError, ValueError, yaml.YAMLError, subprocess.TimeoutExpired) as error:
        raise KubeconfigError(path, f"cannot be read ({error})", mend) from error
    except (KeyError, TypeError, AttributeError) as error:
        raise KubeconfigError(path, f"has no {error}, or not where it belongs", mend) from error


def _named(tree: Json, kind: str, name: str) -> Json:
    for one in tree.get(kind) or []:
        if one["name"] == name:
            found: Json = one
            return found
    raise KeyError(f"{name!r} among its {kind}")


def _tls(cluster: Json, user: Json, folder: Path) -> ssl.SSLContext:
    authority = _data(cluster, "certificate-authority", folder)
    context = ssl.create_default_context(cadata=authority.decode() if authority else None)
    if cluster.get("insecure-skip-tls-verify"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    certificate, key = _data(user, "client-certificate", folder), _data(user, "client-key", folder)
    if certificate and key:
        with tempfile.NamedTemporaryFile() as file:  # readable by us only; `ssl` reads files only
            file.write(certificate.rstrip() + b"\n" + key)
            file.flush()
            context.load_cert_chain(file.name)
    return context


def _data(of: Json, name: str, folder: Path) -> bytes:
    """What is given inline, or as a file beside the kubeconfig; empty if neither."""
    if of.get(f"{name}-data"):
        return base64.b64decode(of[f"{name}-data"], validate=True)
    return (folder / of[name]).read_bytes() if of.get(name) else b""


def _token(user: Json, folder: Path) -> Callable[[], str]:
    if user.get("exec"):
        token = _run(user["exec"])
        return lambda: token
    if user.get("tokenFile"):
        return lambda: (folder / user["tokenFile"]).read_text(encoding="utf-8").strip()
    return lambda: str(user.get("token") or "")


def _run(plugin: Json) -> str:
    """The token that a credential plugin prints, such as those of the large clouds."""
    command = [str(plugin["command"]), *map(str, plugin.get("args") or [])]
    extra = {one["name"]: str(one["value"]) for one in plugin.get("env") or []}
    told = {"apiVersion": plugin["apiVersion"], "kind": "ExecCredential", "spec": {"interactive": False}}
    environment = {**os.environ, **extra, "KUBERNETES_EXEC_INFO": msgspec.json.encode(told).decode()}
    done = subprocess.run(command, env=environment, capture_output=True, timeout=_EXEC_SECONDS, check=False)  # noqa: S603  # the user's own kubeconfig names it
    if done.returncode:
        raise ValueError(f"{command[0]} failed: {done.stderr.decode(errors='replace').strip()[:300]}")
    answer: Any = msgspec.json.decode(done.stdout)
    return str(answer["status"]["token"])
