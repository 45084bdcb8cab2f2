"""Settings as they may be shown: no address keeps what may be credentials.

Messages, the API, `check` and whatever else prints a value or a URL goes through here.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from sidecar.plain_text import without_credentials
from sidecar.settings.catalogue import catalogue
from sidecar.settings.types import Section

AnySection = TypeVar("AnySection", bound=Section)


def shown(key: str, value: Any) -> Any:
    """The value of a dotted key as it may be shown: nothing that is a URL keeps what may be credentials."""
    if isinstance(value, tuple | list):
        return type(value)(shown(key, one) for one in value)
    if isinstance(value, dict):
        return {shown(key, name): shown(key, one) for name, one in value.items()}
    if isinstance(value, Section):
        return msgspec.structs.replace(
            value, **{name: shown(key, one) for name, one in msgspec.structs.asdict(value).items()}
        )
    is_address = isinstance(value, str) and ("://" in value or catalogue()[key].secret)
    return without_credentials(value) if is_address else value


def presentable(section: AnySection, prefix: str = "") -> AnySection:
    """The same settings, or the same section of them, each value as it may be shown."""
    values = {
        name: presentable(value, f"{name}.") if isinstance(value, Section) else shown(prefix + name, value)
        for name, value in msgspec.structs.asdict(section).items()
    }
    return msgspec.structs.replace(section, **values)
