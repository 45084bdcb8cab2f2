"""Kubeconfigs are merged and read as kubectl does it, with kubectl itself as the judge."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sidecar.inject.kubeconfig import KubeconfigError, access_of, default_paths, read_kubeconfig

KUBECTL = Path(sys.executable).with_name("kubectl")
ONE = """\
apiVersion: v1
kind: Config
clusters:
- {name: shared, cluster: {server: "https://one:1", certificate-authority: ca.crt}}
users:
- {name: ops, user: {tokenFile: token, token: direct}}
contexts:
- {name: first, context: {cluster: shared, user: ops, namespace: risk}}
"""

TWO = """\
apiVersion: v1
kind: Config
current-context: second
clusters:
- {name: shared, cluster: {server: "https://two:1", tls-server-name: api}}
- {name: plain, cluster: {server: "http://localhost:8001"}}
users:
- {name: ops, user: {client-certificate: ./ops.crt, client-key: sub/ops.key}}
- {name: dev, user: {tokenFile: ~/token}}
contexts:
- {name: first, context: {cluster: plain, user: dev}}
- {name: second, context: {cluster: plain, user: dev}}
"""

THREE = "apiVersion: v1\nkind: Config\ncurrent-context: first\n"


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    found = {}
    for name, text in (("one", ONE), ("two", TWO), ("three", THREE), ("empty", "")):
        (tmp_path / name).mkdir()
        found[name] = tmp_path / name / "config"
        found[name].write_text(text)
    (tmp_path / "two" / "sub").mkdir()
    for name in ("one/ca.crt", "two/ops.crt", "two/sub/ops.key"):
        (tmp_path / name).write_text(f"content of {name}")
    return {**found, "gone": tmp_path / "gone"}


def kubectl(*arguments: str) -> Any:
    """What `kubectl config view` says, from another directory than that of the files."""
    run = [str(KUBECTL), "config", "view", "--raw", "-o", "json", *arguments]
    return json.loads(subprocess.run(run, capture_output=True, check=True, cwd="/").stdout)


@pytest.mark.parametrize(
    "order",
    [["one", "two"], ["two", "one"], ["one", "two", "three"], ["three", "two", "one"], ["", "one", "", "gone", "two", "one", ""],
     ["empty", "two"], ["gone", "one"], ["two"]],
    ids=" ".join,
)  # fmt: skip
def test_files_are_merged_as_kubectl_merges_them(
    order: list[str], files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(str(files[name]) if name else "" for name in order))

    ours, theirs = read_kubeconfig(default_paths()), kubectl("--flatten")

    assert ours.current_context == theirs["current-context"]
    for kind, known in (("cluster", ours.clusters), ("user", ours.users), ("context", ours.contexts)):
        expected = {one["name"]: one[kind] for one in theirs[f"{kind}s"] or []}
        assert {name: flat(entry) for name, entry in known.items()} == expected


def flat(entry: dict[str, Any]) -> dict[str, Any]:
    """An entry with the content of its files, as `--flatten` shows it. It shows a token's file relative to the kubeconfig."""
    made = {}
    for name, text in entry.items():
        if name in ("certificate-authority", "client-certificate", "client-key"):
            made[f"{name}-data"] = base64.b64encode(Path(text).read_bytes()).decode()
        else:
            made[name] = text.partition("/two/")[2] or Path(text).name if name == "tokenFile" else text
    return made


@pytest.mark.parametrize("context", ["", "first", "second"])
def test_a_context_leads_where_kubectl_would_go(
    context: str, files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", f"{files['gone']}:{files['two']}")

    access = access_of(read_kubeconfig(default_paths()), context)

    (theirs,) = kubectl("--minify", *([f"--context={context}"] if context else []))["clusters"]
    assert access.server == theirs["cluster"]["server"]


def test_without_the_variable_it_is_the_file_in_the_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for unset in ("", None):
        monkeypatch.delenv("KUBECONFIG", raising=False)
        if unset is not None:
            monkeypatch.setenv("KUBECONFIG", unset)
        assert default_paths() == [tmp_path / ".kube" / "config"]


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("proxy-url: socks5://x", ["uses proxy-url"]),
        ("server: ''", ["no server"]),
        ("certificate-authority-data: '*'", ["gives no way in"]),
        ("certificate-authority: gone.crt", ["gone.crt"]),
        ("insecure-skip-tls-verify: true, certificate-authority: config", ["exclude each other"]),
    ],
)
def test_what_cannot_be_followed_is_refused_by_name(entry: str, words: list[str], tmp_path: Path) -> None:
    file = tmp_path / "config"
    file.write_text(
        f"current-context: a\ncontexts: [{{name: a, context: {{cluster: c}}}}]\n"
        f'clusters: [{{name: c, cluster: {{server: "https://x", {entry}}}}}]\n'
    )
    with pytest.raises(KubeconfigError) as error:
        access_of(read_kubeconfig([file]))
    assert all(word in str(error.value) for word in [str(file), *words]), str(error.value)


@pytest.mark.parametrize("user", [{"auth-provider": {"name": "gcp"}}, {"as": "root"}, {"username": "joe"}])
def test_a_user_of_a_kind_that_is_not_supported_is_refused_by_name(user: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "config"
    tree = {
        "contexts": [{"name": "a", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": "http://x"}}],
        "users": [{"name": "u", "user": user}],
    }
    file.write_text(json.dumps(tree))
    with pytest.raises(KubeconfigError, match=f"uses {next(iter(user))}"):
        access_of(read_kubeconfig([file]), "a")


def test_an_entry_that_is_there_twice_is_an_error_as_it_is_to_kubectl(tmp_path: Path) -> None:
    file = tmp_path / "config"
    file.write_text("users: [{name: a, user: {}}, {name: a, user: {}}]")
    with pytest.raises(KubeconfigError, match="'a' twice among its users"):
        read_kubeconfig([file])
