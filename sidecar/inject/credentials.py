"""Credentials of a kubeconfig's user: TLS with a client certificate, and tokens, given, in a file or from a plugin.

Paths in the entries are absolute here. Runs the plugin that the kubeconfig names, as kubectl does. Neighbour: `kubeconfig`.
"""

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

Entry = dict[str, Any]
_EXEC_SECONDS = 60


def make_tls(cluster: Entry, user: Entry) -> ssl.SSLContext:
    """TLS towards a cluster. Raises OSError or ValueError for what cannot be read."""
    authority = _data(cluster, "certificate-authority")
    if authority and cluster.get("insecure-skip-tls-verify"):
        raise ValueError("insecure-skip-tls-verify and a certificate authority exclude each other")
    context = ssl.create_default_context(cadata=authority.decode() if authority else None)
    if cluster.get("insecure-skip-tls-verify"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    certificate, key = _data(user, "client-certificate"), _data(user, "client-key")
    if bool(certificate) != bool(key):
        raise ValueError("client-certificate and client-key: one is given without the other")
    if certificate:
        with tempfile.NamedTemporaryFile() as file:  # readable by us only; `ssl` reads files only
            file.write(certificate.rstrip() + b"\n" + key)
            file.flush()
            context.load_cert_chain(file.name)
    return context


def make_token(user: Entry, cluster: Entry) -> Callable[[], str]:
    """What gives the bearer token of each call; empty if there is none. A file wins over a token, and both over a plugin."""
    if user.get("tokenFile"):
        return lambda: Path(user["tokenFile"]).read_text(encoding="utf-8").strip()
    if user.get("token"):
        return lambda: str(user["token"])
    if user.get("exec"):
        token = _run(user["exec"], cluster)
        return lambda: token
    return lambda: ""


def _data(entry: Entry, name: str) -> bytes:
    """What is given inline, else in a file; empty if neither."""
    if entry.get(f"{name}-data"):
        return base64.b64decode(entry[f"{name}-data"], validate=True)
    return Path(entry[name]).read_bytes() if entry.get(name) else b""


def _run(plugin: Entry, cluster: Entry) -> str:
    """The token that a credential plugin prints, such as those of the large clouds."""
    command = [str(plugin["command"]), *map(str, plugin.get("args") or [])]
    extra = {one["name"]: str(one["value"]) for one in plugin.get("env") or []}
    spec: Entry = {"interactive": False}
    if plugin.get("provideClusterInfo"):
        spec["cluster"] = {name: cluster[name] for name in ("server", "tls-server-name") if cluster.get(name)}
    asked = {"apiVersion": plugin["apiVersion"], "kind": "ExecCredential", "spec": spec}
    environment = {**os.environ, **extra, "KUBERNETES_EXEC_INFO": msgspec.json.encode(asked).decode()}
    done = subprocess.run(command, env=environment, capture_output=True, timeout=_EXEC_SECONDS, check=False)  # noqa: S603  # the user's own kubeconfig names it
    if done.returncode:
        raise ValueError(f"{command[0]} failed: {done.stderr.decode(errors='replace').strip()[:300]}")
    answer: Any = msgspec.json.decode(done.stdout)
    token = answer["status"].get("token")
    if not token:
        raise ValueError(f"{command[0]} gave no token, and certificates from plugins are not supported here")
    return str(token)
