"""Command-line options to settings; what the commands that take settings share."""

from __future__ import annotations

import argparse
import os
from typing import Any

from sidecar.errors import SettingsError
from sidecar.settings.load import Effective, load


def settings_of(options: argparse.Namespace) -> Effective:
    """The settings in force for a command that takes them. Raises SettingsError."""
    flags: dict[str, Any] = {key: getattr(options, key, None) for key in ("upstream", "listen", "admin", "reference")}
    for assignment in options.set:
        key, equals, value = assignment.partition("=")
        if not equals:
            raise SettingsError(f"--set {assignment}", "has no `=`", "Write it as --set key=value")
        flags[key] = value
    return load(options.config, os.environ, flags)
