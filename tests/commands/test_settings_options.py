"""Flags become settings, over the environment and the file."""

from __future__ import annotations

import argparse
from typing import Any

import pytest

from sidecar.commands.settings_options import settings_of
from sidecar.errors import SettingsError


def options(**given: Any) -> argparse.Namespace:
    return argparse.Namespace(**{"config": None, "set": [], **given})


def test_flags_win_over_the_environment_and_a_value_may_hold_the_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIDECAR_MODEL_NAME", "environment")
    monkeypatch.setenv("SIDECAR_UPSTREAM", "127.0.0.1:1")

    found = settings_of(options(upstream="127.0.0.1:2", set=["model.name=a=b"])).settings

    assert (found.upstream, found.model.name) == ("127.0.0.1:2", "a=b")
    assert settings_of(options()).settings.model.name == "environment"


def test_a_setting_without_a_value_is_refused() -> None:
    with pytest.raises(SettingsError, match="has no `=`"):
        settings_of(options(set=["model.name"]))
