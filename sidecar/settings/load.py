"""How a value gets here: flags win over environment over file over default.

Environment variables are the keys in capitals (`SIDECAR_TAP_BODY_LIMIT_BYTES`), a file is YAML, nested by section. The
result is one frozen value that knows for each key where it came from.
"""

from __future__ import annotations

import difflib
import re
import types
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_origin

import msgspec
import yaml

from sidecar.errors import SettingsError
from sidecar.settings import Settings
from sidecar.settings.catalogue import ENV_PREFIX, catalogue
from sidecar.settings.shown import shown

_SERVICE_LINK = re.compile(r"\w+_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_PROTO|_PORT|_ADDR)?)?)")
"""What Kubernetes puts into every container for each Service of its namespace, such as one that is called `sidecar`.

See https://kubernetes.io/docs/tutorials/services/connect-applications-service/#environment-variables.
"""


class Effective(msgspec.Struct, frozen=True):
    """The settings in force, and for each dotted key that is not a default, where it came from."""

    settings: Settings
    sources: dict[str, str]


def load(file: str | None, environ: Mapping[str, str], flags: Mapping[str, Any]) -> Effective:
    """Merge `flags` over `environ` over the YAML `file` over defaults.

    Raises SettingsError, which names the source, the key, the reason and the mend.
    """
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for source, layer in (
        (f"file {file}", _from_file(file) if file else {}),
        ("environment", _from_environment(environ)),
        ("flag", {key: value for key, value in flags.items() if value is not None}),
    ):
        for key, value in layer.items():
            values[key] = _convert(source, key, value)
            sources[key] = source
    return Effective(_build(values), sources)


def _from_file(path: str) -> dict[str, Any]:
    try:
        tree = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(path, f"cannot be read ({error})", "Give the path of a YAML file") from error
    except yaml.YAMLError as error:
        raise SettingsError(path, f"is not YAML ({error})", "Mend the file at the place named") from error
    if not isinstance(tree, dict | types.NoneType):
        raise SettingsError(path, "is not a mapping of settings", "Write `key: value` lines")
    return dict(_flatten(tree or {}, "", path))


def _flatten(tree: dict[Any, Any], prefix: str, path: str) -> Iterator[tuple[str, Any]]:
    sections = {key.partition(".")[0] for key in catalogue() if "." in key}
    for name, value in tree.items():
        key = f"{prefix}{name}"
        if isinstance(value, dict) and not prefix and name in sections:
            yield from _flatten(value, f"{name}.", path)
        elif key not in catalogue():
            raise _unknown(f"file {path}", key, list(catalogue()) + sorted(sections))
        else:
            yield key, value


def _from_environment(environ: Mapping[str, str]) -> dict[str, str]:
    by_variable = {setting.env: key for key, setting in catalogue().items()}
    layer = {}
    for variable, value in environ.items():
        if variable in by_variable:
            layer[by_variable[variable]] = value
        elif variable.startswith(ENV_PREFIX) and not _SERVICE_LINK.fullmatch(variable):
            raise _unknown("environment", variable, list(by_variable))
    return layer


def _unknown(source: str, key: str, known: list[str]) -> SettingsError:
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    mend = f"Did you mean `{near[0]}`?" if near else "`drift-sidecar check` lists every setting"
    return SettingsError(f"{source}: {key}", "is not a setting", mend)


def _convert(source: str, key: str, value: Any) -> Any:
    if key not in catalogue():
        raise _unknown(source, key, list(catalogue()))
    setting = catalogue()[key]
    try:
        if isinstance(value, str):
            value = _parsed(setting.type, value)
        return msgspec.convert(value, setting.type, strict=not isinstance(value, str))
    except msgspec.ValidationError as error:
        number = _number(value)
        if number is not None:
            return _convert(source, key, number)
        why = str(error).removeprefix("Expected").strip().rstrip(".")
        raise SettingsError(
            f"{source}: {key} = {shown(key, value)!r}",
            f"expected {why}",
            f"{setting.help} (default: {setting.default!r})",
        ) from error


def _parsed(declared: Any, text: str) -> Any:
    """Text as the environment and flags have it: lists with commas, mappings as JSON. Raises ValidationError."""
    kind = get_origin(declared)
    if kind is tuple:
        return [part.strip() for part in text.split(",") if part.strip()]
    if kind is dict:
        try:
            return msgspec.json.decode(text or "{}")
        except msgspec.DecodeError as error:
            raise msgspec.ValidationError(f"Expected JSON ({error})") from error
    return text


def _number(value: Any) -> float | None:
    """A number in text that Python reads (`.5`, `1e9`) and msgspec does not."""
    if not isinstance(value, str):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def _build(values: dict[str, Any]) -> Settings:
    tree: dict[str, Any] = {}
    for key, value in values.items():
        section, _, name = key.rpartition(".")
        (tree.setdefault(section, {}) if section else tree)[name or key] = value
    return msgspec.convert(tree, Settings)
