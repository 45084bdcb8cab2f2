"""`drift-sidecar run`: the sidecar itself. Must import nothing heavy, for this process carries the traffic."""

from __future__ import annotations

import argparse

from sidecar import app
from sidecar.commands.settings_options import settings_of


def execute(options: argparse.Namespace) -> int:
    """Run until told to drain."""
    return app.run(settings_of(options))
