"""`drift-sidecar run`: the sidecar itself. Must import nothing heavy, for this process carries the traffic."""

from __future__ import annotations

import argparse

from sidecar import app
from sidecar.commands.options import effective as settings_of


def execute(options: argparse.Namespace) -> int:
    """Run until told to drain."""
    return app.run(settings_of(options))
