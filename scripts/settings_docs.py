"""Writes docs/settings.md from the settings themselves (`make docs`). A test checks that it is fresh."""

from __future__ import annotations

import sys
from itertools import groupby
from pathlib import Path
from typing import Any

from sidecar.settings.catalogue import Setting, catalogue

PAGE = Path(__file__).parents[1] / "docs" / "settings.md"
_INTRO = """\
# Settings

Flags win over the environment, the environment over the file (`--config FILE`, YAML), the file over the default. Any
setting can be given as a flag with `--set key=value`; lists are written with commas. In the file, sections are mappings:

```yaml
upstream: 127.0.0.1:8080
model:
  name: churn
drift:
  material_psi: 0.2
```

An unknown key is an error that names the nearest known one. `drift-sidecar check` prints the settings in force and where
each came from.
This page is made by `make docs` from `sidecar/settings`.
"""


def page() -> str:
    """The whole page."""
    parts = [_INTRO]
    for section, settings in groupby(catalogue().values(), key=lambda setting: setting.key.rpartition(".")[0]):
        parts.append(f"## {section or 'Top level'}\n")
        parts.append("| key | default | environment | what it does |\n|---|---|---|---|")
        parts += [_row(setting) for setting in settings]
        parts.append("")
    return "\n".join(parts)


def _row(setting: Setting) -> str:
    return f"| `{setting.key}` | {_text(setting.default)} | `{setting.env}` | {' '.join(setting.help.split())} |"


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(f"`{one}`" for one in value) or "none"
    return f"`{value}`" if value not in ("", {}) else "none" if value == {} else "empty"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE.name}", file=sys.stderr)
