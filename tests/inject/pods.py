"""Pods as clusters see them, drawn by Hypothesis: valid ones, of every shape that the injector handles."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from sidecar.inject.options import Options

_NAMES = st.sampled_from(["http", "grpc", "h2c", "rest", "metrics", "a-rather-long-1"])
_NUMBERS = st.sampled_from([80, 8000, 8080, 8081, 9000, 60_000])
_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=12)
_ANNOTATIONS = {
    "drift-sidecar/traffic": st.sampled_from(["take-over", "loopback", "shift"]),
    "drift-sidecar/port-variable": st.sampled_from(["PORT", "--port", "MY_PORT"]),
    "drift-sidecar/host-variable": st.sampled_from(["HOST", "--host"]),
    "drift-sidecar/reference": st.sampled_from(
        ["configmap:r", "secret:r/k.json", "pvc:c/p.json", "https://m/r", "/r.json"]
    ),
    "drift-sidecar/model-name": _TEXT,
    "drift-sidecar/share-process-namespace": st.sampled_from(["true", "false"]),
    "drift-sidecar/capture.path": st.sampled_from(["/var/capture/a.jsonl", "/tmp/a.jsonl"]),
    "drift-sidecar/window.rows": st.integers(1, 10**6).map(str),
    "drift-sidecar/native": st.sampled_from(["auto", "no"]),
    "drift-sidecar/image-pull-secrets": st.sampled_from(["ours", "theirs, ours", ""]),
    "drift-sidecar/cpu-limit": st.sampled_from(["", "500m"]),
    "linkerd.io/inject": st.just("enabled"),
    "config.linkerd.io/skip-inbound-ports": st.just("25,26"),
    "sidecar.istio.io/status": st.just("{}"),
    "other": _TEXT,
}
_LABELS = {
    "app": st.sampled_from(["fraud", "churn"]),
    "serving.kserve.io/inferenceservice": st.just("iris"),
    "sidecar.istio.io/inject": st.sampled_from(["true", "false"]),
}


def _some(options: dict[str, st.SearchStrategy[str]]) -> st.SearchStrategy[Any]:
    return st.none() | st.fixed_dictionaries({}, optional=options)


def _handler(names: list[Any]) -> st.SearchStrategy[dict[str, Any]]:
    port = st.one_of(_NUMBERS, *([st.sampled_from(names)] if names else []))
    return st.one_of(
        st.fixed_dictionaries({"httpGet": st.fixed_dictionaries({"path": st.just("/x"), "port": port})}),
        st.fixed_dictionaries({"tcpSocket": st.fixed_dictionaries({"port": port})}),
        st.just({"exec": {"command": ["true"]}}),
    )


@st.composite
def _containers(draw: st.DrawFn) -> dict[str, Any]:
    name = draw(st.sampled_from(["model", "kserve-container", "istio-proxy", "helper", "agent"]))
    container: dict[str, Any] = {"name": name, "image": draw(st.sampled_from(["m", "r:5000/m:1", "m@sha256:abcdef"]))}
    port = st.fixed_dictionaries(
        {"containerPort": _NUMBERS},
        optional={"name": _NAMES, "protocol": st.sampled_from(["TCP", "UDP"]), "hostPort": st.just(80)},
    )
    by = {"unique_by": (lambda port: port["containerPort"], lambda port: port.get("name") or port["containerPort"])}
    ports = draw(st.none() | st.lists(port, max_size=3, **by))  # type: ignore[arg-type]
    if ports is not None:
        container["ports"] = ports
    names = [port["name"] for port in ports or [] if "name" in port]
    for probe in draw(st.sets(st.sampled_from(["livenessProbe", "readinessProbe", "startupProbe"]))):
        container[probe] = draw(_handler(names))
    if draw(st.booleans()):
        container["lifecycle"] = {
            hook: draw(_handler(names)) for hook in draw(st.sets(st.sampled_from(["preStop", "postStart"])))
        }
    if draw(st.booleans()):
        container["env"] = [{"name": "PORT", "value": "8080"}, {"name": "HOST", "value": "0.0.0.0"}]
    if draw(st.booleans()):
        container["args"] = draw(st.sampled_from([[], ["--port=8080", "--host", "0.0.0.0"], ["--http_port", "8080"]]))
    return container


@st.composite
def pods(draw: st.DrawFn) -> dict[str, Any]:
    """A pod that is valid in every version, with annotations that are right each by itself."""
    named = {"unique_by": lambda container: container["name"]}
    spec: dict[str, Any] = {"containers": draw(st.lists(_containers(), min_size=1, max_size=3, **named))}  # type: ignore[arg-type]
    spec |= draw(
        st.fixed_dictionaries(
            {},
            optional={
                "initContainers": st.just([{"name": "init", "image": "i"}]),
                "volumes": st.just([{"name": "v", "emptyDir": {}}]),
                "imagePullSecrets": st.sampled_from([[], [{"name": "theirs"}], [{"name": "a"}, {"name": "ours"}]]),
                "terminationGracePeriodSeconds": st.integers(0, 120),
                "restartPolicy": st.sampled_from(["Always", "Never"]),
                "hostNetwork": st.booleans(),
                "securityContext": st.sampled_from([{"runAsUser": 0}, {"runAsNonRoot": True}, {}]),
                "shareProcessNamespace": st.booleans(),
            },
        )
    )
    pod: dict[str, Any] = {"spec": spec}
    if draw(st.booleans()):
        metadata = {"annotations": draw(_some(_ANNOTATIONS)), "labels": draw(_some(_LABELS))}
        pod["metadata"] = {name: value for name, value in metadata.items() if value is not None or draw(st.booleans())}
    elif draw(st.booleans()):
        pod["metadata"] = None
    return pod


OPTIONS = st.builds(
    Options,
    kubernetes_version=st.sampled_from([None, "1.28", "1.30", "1.33", "v1.37.1"]),
    traffic=st.sampled_from(["take-over", "loopback", "shift"]),
    mesh=st.sampled_from(["auto", "istio", "linkerd", "none"]),
    image_pull_secrets=st.sampled_from([(), ("ours",), ("ours", "ours", "more")]),
    settings=st.sampled_from([{}, {"trace.sample_ratio": 0.5, "http.routes": ["/a"]}]),
)


@st.composite
def served_pods(draw: st.DrawFn) -> dict[str, Any]:
    """Pods of which nearly all get a sidecar: they say which container is the model, and that serves."""
    pod = draw(pods())
    spec, model = pod["spec"], pod["spec"]["containers"][0]
    for unfit in ("hostNetwork", "restartPolicy"):
        spec.pop(unfit, None)
    model["ports"] = [port for port in model.get("ports") or [] if port.get("protocol") != "UDP"] or [
        {"containerPort": 8080}
    ]
    model["env"] = [{"name": "PORT", "value": "8080"}, {"name": "HOST", "value": "0.0.0.0"}]
    pod["metadata"] = pod.get("metadata") or {}
    known = pod["metadata"].get("annotations") or {}
    pod["metadata"]["annotations"] = known | {"drift-sidecar/container": model["name"]}
    return pod
