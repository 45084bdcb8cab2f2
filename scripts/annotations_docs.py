"""Writes docs/annotations.md from the injector and the settings themselves (`make docs`). A test checks that it is fresh."""

from __future__ import annotations

import sys
from pathlib import Path

from sidecar.inject.annotations import ANNOTATIONS, SET_BY_INJECTOR
from sidecar.inject.redirect import HOST_VARIABLES, PORT_VARIABLES
from sidecar.inject.wishes import PREFIX
from sidecar.settings.catalogue import catalogue

PAGE = Path(__file__).parents[1] / "docs" / "annotations.md"
_INTRO = """\
# Annotations of a pod

What a pod can ask of the injector, be it the webhook or `drift-sidecar inject`. They belong to the pod (in a Deployment:
`spec.template.metadata.annotations`), and their values are text: write numbers and `"true"` in quotes. An unknown name is
refused with the nearest known one. This page is made by `make docs`.

```yaml
metadata:
  annotations:
    drift-sidecar/reference: configmap:fraud-reference
    drift-sidecar/model-version: "1.4"
    drift-sidecar/drift.material_psi: "0.2"
```
"""
_VARIABLES = """\
## Variables that are known

`shift` changes those of these variables that hold the port's number: {ports}.

`loopback` changes those that hold an address such as `0.0.0.0`: {hosts}.

Flags such as `--port`, `--http_port` and `--host` in `command` and `args` are known too.
"""


def page() -> str:
    """The whole page."""
    ours = "\n".join(f"| `{PREFIX}{name}` | {text} |" for name, text in ANNOTATIONS.items())
    known = [
        setting
        for setting in catalogue().values()
        if setting.key not in SET_BY_INJECTOR and setting.key not in ANNOTATIONS
    ]
    settings = "\n".join(f"| `{PREFIX}{setting.key}` | {' '.join(setting.help.split())} |" for setting in known)
    variables = _VARIABLES.format(ports=_list(PORT_VARIABLES), hosts=_list(HOST_VARIABLES))
    return "\n".join(
        (
            _INTRO,
            f"## Of the injector\n\n| annotation | what it does |\n|---|---|\n{ours}\n",
            variables,
            "## Settings of the sidecar\n\nDefaults and forms are in [settings.md](settings.md).\n",
            f"| annotation | what it does |\n|---|---|\n{settings}\n",
        )
    )


def _list(names: frozenset[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE.name}", file=sys.stderr)
