"""No address is shown with what may be credentials."""

from __future__ import annotations

import pytest

from sidecar.errors import SettingsError
from sidecar.settings.load import load
from sidecar.settings.shown import presentable, shown


def test_a_message_about_a_wrong_value_holds_no_credentials() -> None:
    with pytest.raises(SettingsError) as caught:
        load(None, {"SIDECAR_METRICS_MERGE": "ftp://me:hush@model/metrics?key=hush"}, {})

    assert "ftp://model/metrics" in str(caught.value)
    assert "hush" not in str(caught.value)


def test_of_a_list_each_address_is_shown_without_credentials() -> None:
    assert shown("http.routes", ("/a", "http://me:hush@h/b?key=hush")) == ("/a", "http://h/b")


def test_of_a_mapping_names_and_values_are_shown_without_credentials() -> None:
    given = '{"http://me:hush@h/{model}?key=hush": {"model": "http://me:hush@h/b?key=hush"}}'
    settings = load(None, {}, {"decode.routes": given}).settings
    assert (
        presentable(settings)
        == load(None, {}, {"decode.routes": '{"http://h/{model}": {"model": "http://h/b"}}'}).settings
    )


def test_what_is_no_address_is_shown_as_it_is() -> None:
    assert shown("window.rows", 5) == 5
    assert shown("model.name", "me:hush@h") == "me:hush@h"


def test_settings_and_sections_are_presentable_and_otherwise_the_same() -> None:
    given = load(None, {}, {"trace.endpoint": "http://me:hush@h/v1?key=hush", "window.rows": 5}).settings
    expected = load(None, {}, {"trace.endpoint": "http://h/v1", "window.rows": 5}).settings
    assert presentable(given) == expected
    assert presentable(given.trace, "trace.") == expected.trace
