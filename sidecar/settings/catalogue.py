"""The settings as a list: each with its dotted key, type, default, help and flags, as declared.

What a setting is called in the environment is said here; `load` reads values by it. Nothing here knows a value but the
defaults.
"""

from __future__ import annotations

import ast
import functools
import inspect
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, get_type_hints

import msgspec
from msgspec import Meta

from sidecar.settings import Settings
from sidecar.settings.types import Section

ENV_PREFIX = "SIDECAR_"


class Setting(msgspec.Struct, frozen=True):
    """One documented setting: dotted key, type as written, default and help; whether it may hold credentials or names a file
    that is written, or read.
    """

    key: str
    type: Any
    default: Any
    help: str
    secret: bool = False
    writes_file: bool = False
    reads_file: bool = False

    @property
    def env(self) -> str:
        """The environment variable that sets it."""
        return ENV_PREFIX + self.key.replace(".", "_").upper()


@functools.cache
def catalogue() -> dict[str, Setting]:
    """Every setting by its dotted key, in the order of declaration."""
    return {setting.key: setting for setting in _walk(Settings, "")}


def lookup(settings: Settings, key: str) -> Any:
    """The value of a dotted key."""
    return functools.reduce(getattr, key.split("."), settings)


def _walk(section: type[Section], prefix: str) -> Iterator[Setting]:
    hints = get_type_hints(section, include_extras=True)
    helps = attribute_docstrings(section)
    for field in msgspec.structs.fields(section):
        if isinstance(field.default, Section):
            yield from _walk(type(field.default), f"{field.name}.")
        else:
            declared = hints[field.name]
            default = field.default_factory() if field.default is msgspec.NODEFAULT else field.default
            yield Setting(prefix + field.name, declared, default, helps.get(field.name, ""), **_flags(declared))


def _flags(declared: Any) -> dict[str, bool]:
    """What the `Meta` of a type say beside its bounds."""
    extras = [one.extra for one in getattr(declared, "__metadata__", ()) if isinstance(one, Meta) and one.extra]
    return {name: flag for extra in extras for name, flag in extra.items()}


def attribute_docstrings(struct: type[msgspec.Struct]) -> dict[str, str]:
    """Docstrings that stand beneath attributes, inherited ones too, which Python itself throws away; each as one line."""
    above = [base for base in struct.__bases__ if base.__module__.startswith("sidecar.")]
    inherited = {name: text for base in above for name, text in attribute_docstrings(base).items()}
    body = ast.parse(inspect.getsource(struct)).body[0].body  # type: ignore[attr-defined]  # a class statement
    return inherited | {
        target.target.id: " ".join(text.value.value.split())
        for target, text in pairwise(body)
        if isinstance(target, ast.AnnAssign)
        and isinstance(target.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }
