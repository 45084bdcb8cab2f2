"""Laws that every setting keeps: something reads it, and what it may show or write is declared with it."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from pathlib import Path

import msgspec
import pytest

import sidecar.settings
from sidecar.errors import SettingsError
from sidecar.observer import api
from sidecar.settings import Settings
from sidecar.settings.catalogue import Setting, catalogue
from sidecar.settings.load import load
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
    texts = [one for one in settings if isinstance(one.default, str) and not (one.secret or one.writes_file)]
    return {one.key for one in texts if re.search(r"https?://|\bURL\b|\bendpoint\b|\b[Ff]ile\b", one.help)}


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


def test_no_setting_that_takes_an_address_shows_its_credentials() -> None:
    taking = [key for key in catalogue() if accepts(key, ADDRESS.replace("https", "http"))]
    for key in taking:
        for value in filter(lambda value: accepts(key, value), HIDDEN if catalogue()[key].secret else HIDDEN[:1]):
            settings = load(None, {}, {key: value}).settings
            assert b"hush" not in msgspec.json.encode(api.effective(settings)), (key, value)
    secrets = {key for key, setting in catalogue().items() if setting.secret}
    assert len(secrets) >= 5
    assert secrets <= set(taking)


def test_every_section_can_be_imported_from_the_package() -> None:
    sections = {
        type(one.default).__name__ for one in msgspec.structs.fields(Settings) if isinstance(one.default, Section)
    }
    assert len(sections) >= 17
    assert {*sections, "Settings"} <= set(sidecar.settings.__all__)
