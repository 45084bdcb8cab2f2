"""Every setting is listed with its default, its variable and what it is for."""

from __future__ import annotations

from sidecar.settings import WindowSettings
from sidecar.settings.catalogue import attribute_docstrings, catalogue, lookup
from sidecar.settings.load import load


def test_every_setting_can_be_set_by_its_variable_and_is_documented() -> None:
    for key, setting in catalogue().items():
        assert setting.help, key
        value = setting.default
        text = ",".join(value) if isinstance(value, tuple) else str(value)
        effective = load(None, {setting.env: text}, {})
        assert lookup(effective.settings, key) == value, key
        assert effective.sources == {key: "environment"}


def test_the_name_of_a_variable_is_the_key_in_capitals() -> None:
    assert catalogue()["tap.body_limit_bytes"].env == "SIDECAR_TAP_BODY_LIMIT_BYTES"


def test_flags_and_defaults_are_those_of_the_declaration() -> None:
    listed = catalogue()
    assert (listed["trace.endpoint"].secret, listed["trace.endpoint"].writes_file) == (True, False)
    assert (listed["learn.save"].secret, listed["learn.save"].writes_file) == (False, True)
    assert (listed["window.rows"].default, listed["decode.routes"].default) == (10_000, {})


def test_keys_are_in_the_order_of_declaration_with_sections_last() -> None:
    keys = list(catalogue())
    assert keys[:3] == ["upstream", "listen", "admin"]
    assert next(key for key in keys if "." in key) == "model.name"
    assert all("." in key for key in keys[keys.index("model.name") :])


def test_docstrings_beneath_attributes_are_one_line_each() -> None:
    helps = attribute_docstrings(WindowSettings)
    assert set(helps) == {"rows", "seconds", "min_rows"}
    assert not any("\n" in text for text in helps.values())
