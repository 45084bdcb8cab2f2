"""The three ways to bring traffic to the sidecar: what they do to the model's container, and what they refuse."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from sidecar.inject.annotations import read_annotations
from sidecar.inject.model_container import find_model, served_ports
from sidecar.inject.options import Options, Refused
from sidecar.inject.redirect import Redirect, redirect

PROBED = {"readinessProbe": {"httpGet": {"path": "/", "port": "http"}}, "livenessProbe": {"tcpSocket": {"port": 8080}}}
MODEL: dict[str, Any] = {"name": "m", "ports": [{"name": "http", "containerPort": 8080}], **PROBED}


def redirected(traffic: str, model: dict[str, Any], **annotations: str) -> tuple[Redirect, dict[str, Any]]:
    asked = {f"drift-sidecar/{name.replace('_', '-')}": text for name, text in annotations.items()}
    pod = {"metadata": {"annotations": asked}, "spec": {"containers": [copy.deepcopy(model)]}}
    config = read_annotations(pod, Options(traffic=traffic))  # type: ignore[arg-type]  # one of three words
    found = find_model(pod, config)
    return redirect(pod, found, served_ports(found, config), config), found


def test_take_over_moves_the_name_and_probes_go_to_the_number() -> None:
    made, model = redirected("take-over", MODEL)

    assert made == Redirect(
        [("0.0.0.0:9480", "127.0.0.1:8080")], [{"name": "http", "containerPort": 9480, "protocol": "TCP"}], []
    )
    assert model["ports"] == [{"name": "app-http", "containerPort": 8080}]
    assert model["readinessProbe"]["httpGet"]["port"] == 8080


def test_shift_moves_the_model_and_all_that_goes_to_its_number() -> None:
    made, model = redirected("shift", {**MODEL, "args": ["--port", "8080"], "env": [{"name": "PORT", "value": "8080"}]})

    assert made.pairs == [("0.0.0.0:8080", "127.0.0.1:18080")]
    assert model["args"] == ["--port", "18080"]
    assert model["env"] == [{"name": "PORT", "value": "18080"}]
    assert model["livenessProbe"]["tcpSocket"]["port"] == 18_080
    assert model["readinessProbe"]["httpGet"]["port"] == 18_080
    assert model["ports"][0]["containerPort"] == 18_080


def test_loopback_takes_the_number_on_the_pod_s_address_and_says_that_probes_go_through_it() -> None:
    made, model = redirected("loopback", {**MODEL, "args": ["--host=0.0.0.0"]})

    assert made.pairs == [("[$(POD_IP)]:8080", "127.0.0.1:8080")]
    assert model["args"] == ["--host=127.0.0.1"]
    assert "probes of container m" in made.warnings[0]


@pytest.mark.parametrize("traffic", ["shift", "loopback"])
def test_a_model_that_cannot_be_told_is_refused_and_one_with_a_named_variable_is_told(traffic: str) -> None:
    with pytest.raises(Refused, match="no known variable or flag"):
        redirected(traffic, {**MODEL, "args": ["--port", "1", "--host", "example.org"]})
    _, model = redirected(traffic, MODEL, port_variable="MINE", host_variable="MINE")
    assert model["env"] == [{"name": "MINE", "value": "18080" if traffic == "shift" else "127.0.0.1"}]
    _, model = redirected(traffic, {**MODEL, "args": ["a"]}, port_variable="--mine", host_variable="--mine")
    assert model["args"][0] == "a"
    assert model["args"][1].startswith("--mine=")


def test_a_variable_that_refers_to_another_source_is_set_in_its_place() -> None:
    source = {"name": "PORT", "valueFrom": {"configMapKeyRef": {"name": "a", "key": "b"}}}
    _, model = redirected("shift", {**MODEL, "env": [source]}, port_variable="PORT")
    assert model["env"] == [{"name": "PORT", "value": "18080"}]


def test_ports_below_1024_and_host_ports_are_warned_of() -> None:
    low = {"name": "m", "args": ["--port=80"], "ports": [{"name": "http", "containerPort": 80, "hostPort": 80}]}
    warnings = redirected("shift", low)[0].warnings
    assert any("ip_unprivileged_port_start <= 80" in text for text in warnings)
    assert any(text.startswith("hostPort 80 leads to the model") for text in warnings)
