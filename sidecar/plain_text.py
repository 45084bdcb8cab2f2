"""Text from outside, fit for a log line, a label, a span or a message: no control character, no credentials of a URL.

Whoever sends a name or a path may put a newline into it, to forge a line, or an escape sequence, to command a terminal; and
libraries repeat URLs with their passwords in messages. Messages of errors that are not ours may repeat a value of a payload, so
they are not said. This module knows no setting; what of a payload looks personal is told by `core.words.lookalikes`.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterator

from sidecar.errors import SidecarError

HIDDEN = "***"
"""What stands in place of what is not shown."""

_CONTROL = "\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
"""C0, C1, marks of direction, which show a line in another order than it has, line separators, and lone surrogates."""
_UNFIT = re.compile(f"[{_CONTROL}]")
_READS_AS_ESCAPE = re.compile(r"\\(?=x[0-9a-f]{2}|u[0-9a-f]{4})")
_SCHEME = r"[a-z][a-z0-9+.-]*://"
_HOST = r"([^/?#@:\[\]]*|\[[^/?#@\]]*\])(:\d*)?"
_URL = re.compile(
    rf"(?P<scheme>{_SCHEME}|(?!{_SCHEME}))([^/?#]*@)?(?P<place>{_HOST}(/[^?#@]*)?)([?#].*)?", re.IGNORECASE | re.DOTALL
)
_WORD = re.compile(r"\S+")
_SCHEME_SIGNS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-"
_AROUND = "'\"`)>],.;:"


def printable(text: str) -> str:
    r"""The text with `\x1b`, `\u2028` and the like for what is no character to read."""
    return _UNFIT.sub(_escaped, text)


def label(text: str) -> str:
    """As `printable`, and different texts stay different: a backslash before what would read as an escape is escaped as well.

    Two labels that became one would be a page that no Prometheus takes.
    """
    return printable(_READS_AS_ESCAPE.sub(r"\\x5c", text))


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"


def without_credentials(url: str) -> str:
    """A URL, or a path with a query, without user, password, query and fragment: a query may be a signature, or hold a key.

    What reads as neither, such as a password with a slash in it, is not shown at all.
    """
    found = _URL.fullmatch(url)
    return found["scheme"] + found["place"] if found else HIDDEN


def without_url_secrets(text: str) -> str:
    """A text in which each URL, each path with a query, and each `user:password@host` has lost what may be credentials.

    Takes time linear in the text, whatever it is.
    """
    return _WORD.sub(_without_secrets, text) if "/" in text or "@" in text else text


def one_line(text: str) -> str:
    """Both: a text of anybody's as part of one line."""
    return printable(without_url_secrets(text))


def _without_secrets(found: re.Match[str]) -> str:
    word = found[0]
    inner = word.rstrip(_AROUND)
    after = word[len(inner) :]
    at = inner.find("://")
    if at >= 0:
        begin = len(inner[:at].rstrip(_SCHEME_SIGNS))
        return inner[:begin] + without_credentials(inner[begin:]) + after
    path, _, query = inner.partition("?")
    if query and "/" in path:
        inner = path
    user, _, host = inner.rpartition("@")
    if ":" in user and host:
        begin = max(user.rfind(sign) for sign in "/'\"=(") + 1
        return f"{user[:begin]}{HIDDEN}@{host}{after}"
    return inner + after


def told(error: BaseException) -> str:
    """What an error is, in one line: its type, and its message only if it is ours or the system's.

    A library's message repeats what it was given (`could not convert string to float: '4111...'`), of whatever kind that is.
    """
    message = one_line(str(error)) if isinstance(error, SidecarError | OSError) else ""
    return f"{type(error).__qualname__}: {message}" if message else type(error).__qualname__


def traceback_of(error: BaseException) -> list[str]:
    """The lines of a traceback: where each error of the chain arose, the first one first, and what it is (`told`)."""
    lines = []
    for one in reversed(list(_chain(error))):
        for frame in traceback.format_tb(one.__traceback__):
            lines += frame.splitlines()
        lines.append(told(one))
    return lines


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: list[BaseException] = []
    one: BaseException | None = error
    while one is not None and one not in seen:
        seen.append(one)
        yield one
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
