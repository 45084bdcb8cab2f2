"""The sidecar's container: what it may write, when it drains, and text that Kubernetes must not expand."""

from __future__ import annotations

from typing import Any

import pytest

from sidecar.inject.options import Options, Refused
from sidecar.inject.patch import inject
from sidecar.inject.sidecar_container import drain_hook, volume_names


def made(annotations: dict[str, str] | None = None, options: Options | None = None, **spec: Any) -> dict[str, Any]:
    asked = {f"drift-sidecar/{name}": text for name, text in (annotations or {}).items()}
    model = {"name": "m", "image": "m", "ports": [{"name": "http", "containerPort": 8080}]}
    pod = {"metadata": {"annotations": asked}, "spec": {"containers": [model], **spec}}
    whole: dict[str, Any] = inject(pod, options or Options()).pod["spec"]
    return {**whole["containers"][1], "volumes": whole["volumes"]}


def env(container: dict[str, Any]) -> dict[str, str]:
    return {one["name"]: one["value"] for one in container["env"] if "value" in one}


def test_text_of_the_user_is_escaped_and_addresses_of_ours_are_not() -> None:
    container = made({"model-name": "$(HOME)", "traffic": "loopback", "host-variable": "H"})
    assert env(container)["SIDECAR_MODEL_NAME"] == "$$(HOME)"
    assert env(container)["SIDECAR_LISTEN"] == "[$(POD_IP)]:8080"


def test_only_tmp_and_the_directories_of_captures_and_learned_references_are_writable() -> None:
    container = made({"capture.path": "/var/a/c.jsonl", "learn.save": "/var/a/r.json"})
    assert [mount["mountPath"] for mount in container["volumeMounts"]] == ["/tmp", "/var/a"]
    assert all(volume["emptyDir"]["sizeLimit"].endswith("Mi") for volume in container["volumes"])
    assert container["securityContext"]["readOnlyRootFilesystem"] is True


def test_a_directory_of_captures_is_what_becomes_writable() -> None:
    container = made({"capture.path": "/var/captures/", "capture.max_bytes": "1048576"})
    assert [mount["mountPath"] for mount in container["volumeMounts"]] == ["/tmp", "/var/captures"]
    assert container["volumes"][1]["emptyDir"] == {"sizeLimit": "18Mi"}


@pytest.mark.parametrize("path", ["/a.jsonl", "/", "/etc/", "/etc/a/b", "/var/../etc/b", "var/b", "/var/a:b/c"])
def test_files_in_directories_that_cannot_be_made_writable_are_refused(path: str) -> None:
    with pytest.raises(Refused, match=r"capture\.path"):
        made({"capture.path": path})


@pytest.mark.parametrize(("grace", "drain"), [(None, 22), (60, 52), (5, 0), (0, 0), (-1, 0), (10_000, 3600)])
def test_the_drain_is_what_the_grace_period_leaves(grace: int | None, drain: int) -> None:
    spec: dict[str, Any] = {} if grace is None else {"terminationGracePeriodSeconds": grace}
    assert float(env(made(**spec))["SIDECAR_DRAIN_TIMEOUT_SECONDS"]) == drain


def test_a_user_is_set_only_where_the_pod_would_be_root() -> None:
    assert "runAsUser" not in made()["securityContext"]
    assert made(securityContext={"runAsUser": 0})["securityContext"]["runAsUser"] == 65_532
    assert "runAsUser" not in made(securityContext={"runAsUser": 1000})["securityContext"]


def test_amounts_that_are_empty_are_not_set() -> None:
    assert made()["resources"] == {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}}
    none = Options(cpu_request="", memory_request="", cpu_limit="", memory_limit="")
    assert made(options=none)["resources"] == {}


def test_volumes_that_may_be_lost_are_the_writable_ones() -> None:
    container = made({"capture.path": "/var/a/c.jsonl", "reference": "configmap:refs"})
    names = [volume["name"] for volume in container["volumes"]]
    assert volume_names(container["volumes"]) == names[:2]
    assert len(names) == 3


def test_the_model_waits_for_the_drain_at_the_admin_port_of_the_options() -> None:
    assert drain_hook(Options(admin_port=9999))["httpGet"] == {"path": "/drained", "port": 9999, "scheme": "HTTP"}
