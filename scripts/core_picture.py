"""Draws docs/images/core-rooms.svg from the imports of the core (`make docs`). A test checks that it is fresh.

Floors are those of the import contract in pyproject.toml, the highest first; of two rooms on one floor neither imports the other.
Each room that imports has a line of its own down the right side, with an arrow into each room below that it imports from. The
number at the arrow counts the imports: pairs of modules of which one imports the other.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "images" / "core-rooms.svg"
CORE = "sidecar.core"

WIDTH = 760  # of a room; all lengths are pixels
MARGIN, GAP, FLOOR_GAP = 16, 10, 26
TITLE, ROW, BOX, PADDING = 30, 28, 22, 12
CHARACTER = 6.7  # of the modules' names, in a monospaced font of 11 px
ARROW = 17  # between two arrows into one room
LANE = 26
COLOURS = ("#2563eb", "#b45309", "#7c3aed", "#15803d", "#be123c", "#0e7490", "#4b5563", "#a16207")

_HEAD = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="13">
  <title>The rooms of sidecar/core, with their modules and the imports between them</title>
  <style>.f{{fill:#f4f6fb}}.r{{fill:#fff;stroke:#8a93a6}}.m{{fill:#eef1f7;stroke:#c5cbd8}}.p{{fill:#fdf3e0;stroke:#e0c48f}}\
.t{{font-weight:bold;font-size:14px}}.s{{fill:#5b6478}}.n{{font-family:monospace;font-size:11px}}.l{{fill:none;stroke-width:1.5}}\
.c{{font-size:11px;font-weight:bold;stroke:#fff;stroke-width:4px;paint-order:stroke}}</style>
  <rect width="{width}" height="{height}" fill="#fff"/>"""


@dataclass
class Room:
    """A package of the core with its place in the picture; `imports` counts those from other rooms."""

    name: str
    modules: list[str]
    imports: Counter[str]
    top: float = 0
    height: float = 0

    @property
    def purpose(self) -> str:
        """The beginning of its docstring."""
        text = ast.get_docstring(ast.parse((ROOT / CORE.replace(".", "/") / self.name / "__init__.py").read_text()))
        return re.split(r"[:;.,] ", text or "")[0]


def floors() -> list[list[str]]:
    """The rooms' names floor by floor, the highest first, as the import contract has them."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (layers,) = (one["layers"] for one in contracts if one.get("containers") == [CORE])
    return [[name.strip() for name in layer.split("|")] for layer in layers]


def rooms() -> dict[str, Room]:
    """All rooms by name, the highest first."""
    graph = grimp.build_graph("sidecar", cache_dir=None)
    found = {}
    for name in (name for floor in floors() for name in floor):
        package = f"{CORE}.{name}"
        modules = sorted(graph.find_descendants(package))
        counts: Counter[str] = Counter()
        for module in [package, *modules]:
            for imported in graph.find_modules_directly_imported_by(module):
                if imported.startswith(f"{CORE}.") and not f"{imported}.".startswith(f"{package}."):
                    counts[imported.split(".")[2]] += 1
        leaves = [module for module in modules if not graph.find_children(module)]
        found[name] = Room(name, [module.removeprefix(f"{package}.").replace(".", "/") for module in leaves], counts)
    return found


def picture() -> str:
    """The whole SVG."""
    found = rooms()
    bottom = _place(found)
    lanes = [room.name for room in found.values() if room.imports]
    width = 2 * MARGIN + WIDTH + LANE * (len(lanes) + 1)
    parts = [_HEAD.format(width=width, height=bottom), *_heads(len(lanes)), *_floors(found)]
    for room in found.values():
        parts += _room(room)
    for at, name in enumerate(lanes):
        parts += _arrows(found, name, at, len(lanes))
    return "\n".join(parts) + "\n</svg>\n"


def _place(found: dict[str, Room]) -> float:
    """Give each room its place; returns where the picture ends."""
    y: float = MARGIN + GAP
    for floor in floors():
        for name in floor:
            room = found[name]
            entered = sum(name in other.imports for other in found.values())
            rows = 1 + max((row for row, _, _ in _boxes(room.modules)), default=0)
            room.top = y
            room.height = max(TITLE + rows * ROW + GAP, ARROW * (entered + 2))
            y += room.height + GAP
        y += FLOOR_GAP - GAP
    return y - FLOOR_GAP + GAP + MARGIN


def _boxes(modules: Sequence[str]) -> Iterator[tuple[int, float, str]]:
    """Row, left edge and name of each module's box."""
    row, x = 0, float(PADDING)
    for name in modules:
        if x + _wide(name) > WIDTH - PADDING:
            row, x = row + 1, float(PADDING)
        yield row, x, name
        x += _wide(name) + 6


def _wide(name: str) -> float:
    return round(len(name) * CHARACTER + 12, 1)


def _heads(lanes: int) -> Iterator[str]:
    """The arrows' heads, one a colour."""
    for at in range(lanes):
        yield (
            f'  <marker id="a{at}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6" markerHeight="6" orient="auto">'
            f'<path d="M0 0 8 4 0 8z" fill="{COLOURS[at]}"/></marker>'
        )


def _floors(found: dict[str, Room]) -> Iterator[str]:
    for floor in floors():
        first, last = found[floor[0]], found[floor[-1]]
        height = last.top + last.height - first.top + 2 * GAP
        yield (
            f'  <rect class="f" x="{MARGIN - 8}" y="{first.top - GAP:g}" width="{WIDTH + 16}" height="{height:g}" rx="10"/>'
        )


def _room(room: Room) -> Iterator[str]:
    yield f'  <rect class="r" x="{MARGIN}" y="{room.top:g}" width="{WIDTH}" height="{room.height:g}" rx="7"/>'
    yield (
        f'  <text x="{MARGIN + PADDING}" y="{room.top + 20:g}"><tspan class="t">{room.name}</tspan>'
        f'<tspan class="s" dx="10">{room.purpose}</tspan></text>'
    )
    for row, x, name in _boxes(room.modules):
        left, top = MARGIN + x, room.top + TITLE + row * ROW
        kind = "p" if "/" in name else "m"
        yield f'  <rect class="{kind}" x="{left:g}" y="{top:g}" width="{_wide(name):g}" height="{BOX}" rx="4"/>'
        yield f'  <text class="n" x="{left + 6:g}" y="{top + 15:g}">{name}</text>'


def _arrows(found: dict[str, Room], name: str, lane: int, lanes: int) -> Iterator[str]:
    """From one room down its lane (the highest room's is the outermost), and into each that it imports from."""
    room, colour = found[name], COLOURS[lane]
    edge = MARGIN + WIDTH
    x = edge + LANE * (lanes + 1 - lane)
    ends = {other: _entry(found, name, other) for other in found if other in room.imports}
    start, lowest = room.top + 15, max(ends.values())
    yield f'  <path class="l" stroke="{colour}" d="M{edge} {start:g}H{x}V{lowest:g}"/>'
    for y in ends.values():
        yield f'  <path class="l" stroke="{colour}" marker-end="url(#a{lane})" d="M{x} {y:g}H{edge + 2}"/>'
    for other, y in ends.items():
        yield f'  <text class="c" x="{edge + 16}" y="{y + 4:g}" fill="{colour}">{room.imports[other]}</text>'


def _entry(found: dict[str, Room], name: str, other: str) -> float:
    """The height at which one room's arrow comes into another: those of lower rooms above, so that arrows cross less."""
    importers = [each for each, room in found.items() if other in room.imports][::-1]
    return found[other].top + found[other].height - ARROW * (len(importers) - importers.index(name)) + 4


if __name__ == "__main__":
    PICTURE.write_text(picture(), encoding="utf-8")
    print(f"wrote {PICTURE.name}", file=sys.stderr)
