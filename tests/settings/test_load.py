"""Flags over environment over file over defaults, and a message for every mistake."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sidecar.errors import SettingsError
from sidecar.settings import Settings
from sidecar.settings.catalogue import catalogue, lookup
from sidecar.settings.load import load


def refused(**layers: Any) -> SettingsError:
    with pytest.raises(SettingsError) as caught:
        load(layers.get("file"), layers.get("environ", {}), layers.get("flags", {}))
    return caught.value


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "sidecar.yaml"


def test_without_any_layer_everything_is_as_documented() -> None:
    effective = load(None, {}, {})
    assert effective.settings == Settings()
    assert effective.sources == {}
    assert (effective.settings.listen, effective.settings.admin) == ("0.0.0.0:9480", "0.0.0.0:9481")


def test_flags_win_over_environment_over_file_over_defaults(file: Path) -> None:
    file.write_text("upstream: file:1\nlisten: file:2\nadmin: file:3\nmodel:\n  name: churn\n")
    environ = {"SIDECAR_UPSTREAM": "env:1", "SIDECAR_LISTEN": "env:2", "PATH": "/bin"}
    effective = load(str(file), environ, {"upstream": "flag:1", "reference": None})
    settings = effective.settings
    assert (settings.upstream, settings.listen, settings.admin) == ("flag:1", "env:2", "file:3")
    assert settings.model.name == "churn"
    assert effective.sources == {
        "upstream": "flag",
        "listen": "environment",
        "admin": f"file {file}",
        "model.name": f"file {file}",
    }


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("tap.body_limit_bytes", "2048", 2048),
        ("drift.mean_rows_between_false_alarms", "1e9", 1e9),
        ("tap.sample_ratio", ".5", 0.5),
        ("log.drift", "false", False),
        ("http.probes", "/a, /b,", ("/a", "/b")),
        ("http.routes", "", ()),
        ("model.version", "3", "3"),
        ("model.version", "1e5", "1e5"),
        ("model.name", "12e3", "12e3"),
    ],
)
def test_text_becomes_what_the_setting_is(key: str, text: str, value: Any) -> None:
    effective = load(None, {catalogue()[key].env: text}, {})
    assert lookup(effective.settings, key) == value


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("tap.body_limit_bytes", "-1"),
        ("tap.body_limit_bytes", "1.5"),
        ("tap.body_limit_bytes", "lots"),
        ("tap.sample_ratio", "1.01"),
        ("tap.sample_ratio", "nan"),
        ("drain.timeout_seconds", "nan"),
        ("drain.timeout_seconds", "inf"),
        ("log.drift", "perhaps"),
        ("decode.rows_pointer", "features"),
    ],
)
def test_a_value_that_is_wrong_or_out_of_range_is_refused_with_key_value_and_mend(key: str, text: str) -> None:
    error = refused(environ={catalogue()[key].env: text})
    assert error.exit_code == 2
    assert key in error.what
    assert text in error.what
    assert repr(catalogue()[key].default) in error.mend


def test_an_unknown_variable_is_refused_with_the_nearest_known_one() -> None:
    error = refused(environ={"SIDECAR_TAP_BODYLIMIT": "1"})
    assert "environment: SIDECAR_TAP_BODYLIMIT" in error.what
    assert "SIDECAR_TAP_BODY_LIMIT_BYTES" in error.mend


@pytest.mark.parametrize(
    "variable",
    [
        "SIDECAR_SERVICE_HOST",
        "SIDECAR_SERVICE_PORT",
        "SIDECAR_SERVICE_PORT_HTTP_TRAFFIC",
        "SIDECAR_PORT",
        "SIDECAR_PORT_9480_TCP",
        "SIDECAR_PORT_9480_TCP_PROTO",
        "SIDECAR_PORT_9480_TCP_PORT",
        "SIDECAR_PORT_9480_TCP_ADDR",
        "SIDECAR_PORT_53_UDP_ADDR",
        "SIDECAR_CHURN_SERVICE_HOST",
        "SIDECAR_CHURN_PORT_80_TCP",
    ],
)
def test_what_kubernetes_puts_in_for_a_service_called_sidecar_is_ignored(variable: str) -> None:
    assert load(None, {variable: "tcp://10.0.0.7:9480"}, {}).settings == Settings()


@pytest.mark.parametrize("variable", ["SIDECAR_LISTEN_PORTS", "SIDECAR_PORT_TCP", "SIDECAR_SERVICE_HOSTS", "SIDECAR_"])
def test_what_only_resembles_it_is_refused(variable: str) -> None:
    assert variable in refused(environ={variable: "1"}).what


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("uptream: x:1", "uptream"),
        ("tap:\n  body_limit: 5", "tap.body_limit"),
        ("tap: 5", "tap"),
        ("upstream:\n  host: x", "upstream"),
        ("tap:\n  body_limit_bytes: true", "tap.body_limit_bytes"),
        ("- upstream", ""),
        ("a: [", ""),
        ("upstream: 5", "upstream"),
        ("http:\n  routes: [1]", "http.routes"),
        ("5: x", "5"),
    ],
)
def test_a_bad_file_is_refused_with_file_and_key(file: Path, text: str, named: str) -> None:
    file.write_text(text)
    error = refused(file=str(file))
    assert str(file) in error.what
    assert named in error.what


def test_an_empty_file_sets_nothing(file: Path) -> None:
    file.write_text("# all defaults\n")
    assert load(str(file), {}, {}).settings == Settings()


def test_a_file_that_cannot_be_read_is_refused(file: Path) -> None:
    assert str(file) in refused(file=str(file)).what
    file.write_bytes(b"\xff\xfe")
    assert "cannot be read" in refused(file=str(file)).why


def test_an_unknown_flag_is_refused() -> None:
    assert "drift.material" in refused(flags={"drift.material": "1"}).what


def test_a_mapping_is_json_in_the_environment_and_yaml_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "sidecar.yaml"
    file.write_text("decode: {routes: {/rank: {rows_pointer: /rows, feature_names: [a, b]}}}")
    from_file = load(str(file), {}, {}).settings
    given = '{"/rank": {"rows_pointer": "/rows", "feature_names": ["a", "b"]}}'
    assert load(None, {"SIDECAR_DECODE_ROUTES": given}, {}).settings == from_file
    assert from_file.decode.routes["/rank"].feature_names == ("a", "b")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("decode.routes", "{"),
        ("decode.routes", '{"/rank": {"pointer": "/rows"}}'),
        ("decode.routes", '{"/rank": {"rows_pointer": "rows"}}'),
        ("decode.statuses", "ok"),
        ("decode.statuses", "2xx,20"),
        ("decode.statuses", "600"),
    ],
)
def test_routes_and_statuses_that_make_no_sense_name_the_setting(key: str, value: str) -> None:
    with pytest.raises(SettingsError, match=key):
        load(None, {}, {key: value})
