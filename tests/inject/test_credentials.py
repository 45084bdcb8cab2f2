"""Credentials of a kubeconfig: which one wins, what a plugin is told, and whom TLS trusts."""

from __future__ import annotations

import base64
import json
import ssl
from pathlib import Path

import pytest

from sidecar.inject.credentials import make_tls, make_token


def test_a_token_s_file_is_read_anew_and_wins_over_a_token_and_both_over_a_plugin(tmp_path: Path) -> None:
    file = tmp_path / "token"
    plugin = {"apiVersion": "client.authentication.k8s.io/v1", "command": "false"}
    token = make_token({"tokenFile": str(file), "token": "given", "exec": plugin}, {})
    for text in ("first", "second"):
        file.write_text(f"{text}\n")
        assert token() == text
    assert make_token({"token": "given", "exec": plugin}, {})() == "given"
    assert make_token({}, {})() == ""


def test_a_plugin_is_told_the_cluster_where_it_asks_and_must_give_a_token() -> None:
    script = 'printf \'{"status": {"token": "%s"}}\' "$(printf %s "$KUBERNETES_EXEC_INFO" | base64 -w0)"'
    plugin = {"apiVersion": "v1", "command": "sh", "args": ["-c", script], "provideClusterInfo": True}

    asked = json.loads(base64.b64decode(make_token({"exec": plugin}, {"server": "https://x", "token": "secret"})()))

    assert asked["spec"] == {"interactive": False, "cluster": {"server": "https://x"}}
    with pytest.raises(ValueError, match="gave no token"):
        make_token({"exec": {**plugin, "args": ["-c", "echo '{\"status\": {}}'"]}}, {})


def test_a_cluster_whose_certificate_is_not_verified_is_one_on_purpose() -> None:
    assert make_tls({"insecure-skip-tls-verify": True}, {}).verify_mode is ssl.CERT_NONE
    assert make_tls({}, {}).verify_mode is ssl.CERT_REQUIRED
    with pytest.raises(ValueError, match="without the other"):
        make_tls({}, {"client-certificate-data": base64.b64encode(b"x").decode()})
