"""Settings as they may be shown: no address keeps what may be credentials.

Messages, the API, `check` and whatever else prints a value or a URL goes through here.
"""

from __future__ import annotations

import re
from typing import Any, TypeVar

import msgspec

from sidecar.settings.catalogue import catalogue
from sidecar.settings.types import Section

_SCHEME = r"[a-z][a-z0-9+.-]*://"
_HOST = r"([^/?#@:\[\]]*|\[[^/?#@\]]*\])(:\d*)?"
_URL = re.compile(
    rf"(?P<scheme>{_SCHEME}|(?!{_SCHEME}))([^/?#]*@)?(?P<place>{_HOST}(/[^?#@]*)?)([?#].*)?", re.IGNORECASE | re.DOTALL
)
AnySection = TypeVar("AnySection", bound=Section)


def shown(key: str, value: Any) -> Any:
    """The value of a dotted key as it may be shown: nothing that is a URL keeps what may be credentials."""
    if isinstance(value, tuple | list):
        return type(value)(shown(key, one) for one in value)
    is_address = isinstance(value, str) and ("://" in value or catalogue()[key].secret)
    return without_credentials(value) if is_address else value


def presentable(section: AnySection, prefix: str = "") -> AnySection:
    """The same settings, or the same section of them, each value as it may be shown."""
    values = {
        name: presentable(value, f"{name}.") if isinstance(value, Section) else shown(prefix + name, value)
        for name, value in msgspec.structs.asdict(section).items()
    }
    return msgspec.structs.replace(section, **values)


def without_credentials(url: str) -> str:
    """A URL, or a path with a query, without user, password, query and fragment: a query may be a signature, or hold a key.

    What reads as neither, such as a password with a slash in it, is not shown at all.
    """
    found = _URL.fullmatch(url)
    return found["scheme"] + found["place"] if found else "***"
