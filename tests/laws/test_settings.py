"""Laws that every setting keeps: something reads it, and what it may show or write is declared with it."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable
from pathlib import Path

import msgspec
import pytest

import sidecar.settings
from sidecar.errors import SettingsError
from sidecar.observer import api
from sidecar.plain_text import one_line
from sidecar.settings import Settings
from sidecar.settings.catalogue import Setting, catalogue, lookup
from sidecar.settings.load import load
from sidecar.settings.shown import shown
from sidecar.settings.types import Section
from sidecar.sinks import SINKS
from tests.laws.reading import Reader

SOURCES = [path for path in Path(sidecar.__path__[0]).rglob("*.py") if path.parent.name != "settings"]
ADDRESS = "https://me:hush@collector:4318/v1/traces?X-Amz-Signature=hush#hush"
HIDDEN = [ADDRESS, "http://me:hush@h/", "http://h/m?key=hush", "/metrics?token=hush", "me:hush@collector:4318"]


def unread(keys: Iterable[str], sources: Iterable[str]) -> set[str]:
    """The settings that no source reads."""
    return set(keys).difference(*map(read_by, sources))


@functools.cache
def read_by(source: str) -> set[str]:
    return Reader(source).keys()


def undeclared(settings: Iterable[Setting]) -> set[str]:
    """The settings that lack a flag which their help calls for."""
    texts = [one for one in settings if isinstance(one.default, str) and not _declared(one)]
    return {one.key for one in texts if re.search(r"https?://|\bURL\b|\bendpoint\b|\b[Ff]ile\b", one.help)}


def _declared(setting: Setting) -> bool:
    return setting.secret or setting.writes_file or setting.reads_file


def accepts(key: str, value: str) -> bool:
    try:
        load(None, {}, {key: value})
    except SettingsError:
        return False
    return True


def test_every_setting_is_read_by_some_module() -> None:
    asking_for_a_sink = {listed.asked_by for listed in SINKS}
    assert unread(catalogue(), (path.read_text() for path in SOURCES)) <= asking_for_a_sink


@pytest.mark.parametrize("reads", [
    "def f(settings: Settings) -> int:\n    return settings.window.slack",
    "def f(some: WindowSettings) -> int:\n    return some.slack",
    "def f(self: Any, of: WindowSettings) -> None:\n    self._of = of\ndef g(self: Any) -> int:\n    return self._of.slack",
])  # fmt: skip
def test_a_setting_that_nothing_reads_is_found_until_something_does(reads: str) -> None:
    sources = [path.read_text() for path in SOURCES]

    assert unread(["window.slack"], [*sources, "def f(rope: Rope) -> int:\n    return rope.slack"]) == {"window.slack"}
    assert unread(["window.slack"], [*sources, reads]) == set()


def test_every_setting_that_takes_an_address_or_names_a_file_says_so() -> None:
    assert undeclared(catalogue().values()) == set()


@pytest.mark.parametrize(
    "text", ["OTLP/HTTP endpoint for profiles.", "Where to post, e.g. `http://h/x`.", "File for spans."]
)
def test_a_setting_without_its_flag_is_found(text: str) -> None:
    assert undeclared([Setting("new.one", str, "", text)]) == {"new.one"}


def written(key: str, value: str) -> str:
    """A value as the environment has it, wherever in the setting it may stand."""
    is_mapping = isinstance(catalogue()[key].default, dict)
    return json.dumps({value: {"model": value, "feature_names": [value]}}) if is_mapping else value


def told_of(key: str, value: str) -> str:
    """Whatever is shown of a setting that was given this value: by the API, by `check`, or by the complaint about it."""
    try:
        settings = load(None, {}, {key: written(key, value)}).settings
    except SettingsError as error:
        return one_line(str(error))
    checked = json.dumps(shown(key, lookup(settings, key)), default=msgspec.to_builtins)
    return msgspec.json.encode(api.effective(settings)).decode() + checked


@pytest.mark.parametrize("key", catalogue())
def test_no_setting_is_shown_with_the_credentials_of_a_url_and_none_is_repeated_by_a_complaint(key: str) -> None:
    for value in HIDDEN if catalogue()[key].secret else HIDDEN[:1]:
        assert "hush" not in told_of(key, value), value


def test_settings_that_take_an_address_are_tried_with_one() -> None:
    taking = {key for key in catalogue() if accepts(key, written(key, ADDRESS.replace("https", "http")))}
    secrets = {key for key, setting in catalogue().items() if setting.secret}
    assert len(secrets) >= 5
    assert secrets | {"decode.routes", "also", "model.name", "http.routes"} <= taking


def test_every_section_can_be_imported_from_the_package() -> None:
    sections = {
        type(one.default).__name__ for one in msgspec.structs.fields(Settings) if isinstance(one.default, Section)
    }
    assert len(sections) >= 17
    assert {*sections, "Settings"} <= set(sidecar.settings.__all__)
