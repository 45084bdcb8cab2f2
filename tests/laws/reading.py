"""Which settings a module reads, from its source: so that a setting that nothing reads is found.

Not a type checker: a name counts as a section wherever the module declares it as one, or assigns one to it.
"""

from __future__ import annotations

import ast
from collections import defaultdict

import msgspec

from sidecar.settings import Settings
from sidecar.settings.types import Section

WHOLE = ""
"""Stands for `Settings` itself."""
SECTIONS = {one.name: type(one.default) for one in msgspec.structs.fields(Settings) if isinstance(one.default, Section)}
CLASSES: dict[str, set[str]] = defaultdict(set, {Settings.__name__: {WHOLE}})
"""Sections by class; what several sections inherit is a section of each."""
for section, struct in SECTIONS.items():
    for base in struct.__mro__[: struct.__mro__.index(Section)]:
        CLASSES[base.__name__].add(section)


class Reader:
    """The settings that one module reads, as dotted keys."""

    def __init__(self, source: str) -> None:
        self._nodes = list(ast.walk(ast.parse(source)))
        self._known: dict[str, set[str]] = defaultdict(set, {"settings": {WHOLE}})
        self._declared()
        while self._assigned():
            pass

    def keys(self) -> set[str]:
        """Of `settings.tap.sample_ratio`, or of `tap.sample_ratio` where `tap` is that section."""
        attributes = [node for node in self._nodes if isinstance(node, ast.Attribute)]
        return {f"{section}.{node.attr}".lstrip(".") for node in attributes for section in self._sections(node.value)}

    def _declared(self) -> None:
        for node in self._nodes:
            if isinstance(node, ast.arg) and isinstance(node.annotation, ast.Name):
                self._bind(node.arg, node.annotation.id)
            elif isinstance(node, ast.AnnAssign) and isinstance(node.annotation, ast.Name):
                self._bind(_name(node.target), node.annotation.id)

    def _bind(self, name: str, annotation: str) -> None:
        if annotation in CLASSES:
            self._known[name] |= CLASSES[annotation]

    def _assigned(self) -> bool:
        """Whether an assignment gave a section another name."""
        before = sum(map(len, self._known.values()))
        for node in self._nodes:
            if isinstance(node, ast.Assign | ast.NamedExpr):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                for target in targets:
                    self._known[_name(target)] |= self._sections(node.value)
        return sum(map(len, self._known.values())) > before

    def _sections(self, expression: ast.expr) -> set[str]:
        found = set(self._known.get(_name(expression), ()))
        if isinstance(expression, ast.Attribute) and WHOLE in self._sections(expression.value):
            found |= {expression.attr} & set(SECTIONS)
        return found


def _name(expression: ast.expr) -> str:
    """Of a variable, or of an attribute whatever it belongs to."""
    return expression.id if isinstance(expression, ast.Name) else getattr(expression, "attr", "")
