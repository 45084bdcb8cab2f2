"""Writes docs/panels.md: every panel of every dashboard, with what it shows. `scripts/dashboards_docs.py [FILE]`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from dashboards.grafana.__main__ import files

HEAD = """# Panels

What each panel of [the dashboards](dashboards.md) shows, and in what unit. This page is made by `make docs`.
"""


def page() -> str:
    """The whole of it."""
    lines = [HEAD]
    for content in files().values():
        document = json.loads(content)
        lines += [
            f"## {document['title']}",
            "",
            document["description"],
            "",
            "| panel | shows | unit |",
            "|---|---|---|",
        ]
        for panel in document["panels"]:
            if panel["type"] != "row":
                unit = panel["fieldConfig"]["defaults"]["unit"]
                lines.append(f"| {panel['title']} | {panel['description']} | {unit} |")
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/panels.md")
    target.write_text(page())
    print(f"wrote {target.name}")
