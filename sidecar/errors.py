"""Every error that the project raises on purpose. The class says who is at fault, and so what happens next.

A `UserError` ends a command with exit code 2 and one message that names the input, the reason and the fix. A
`DecodeError` never leaves the observer: the exchange was forwarded long ago, and the reason is counted. Any other
exception that escapes is a bug of ours. This module imports nothing of the project.
"""

from __future__ import annotations


class SidecarError(Exception):
    """Base of all errors raised on purpose; a failure at run time unless a subclass says otherwise."""

    exit_code = 1


class UserError(SidecarError):
    """Bad settings, arguments or files.

    `what` names the input (file, key, row), `why` the reason, `mend` the fix.
    """

    exit_code = 2

    def __init__(self, what: str, why: str, mend: str) -> None:
        super().__init__(f"{what}: {why}. {mend}")
        self.what = what
        self.why = why
        self.mend = mend


class SettingsError(UserError):
    """A setting that is unknown, of the wrong type or out of its range."""


class ReferenceFileError(UserError):
    """A reference profile that cannot be read, is of another version, or does not match its digest."""


class ReferenceUnreachableError(SidecarError):
    """A reference at a URL that does not answer now, and may later."""


class DataError(UserError):
    """A data file for `profile`, `compare` or `replay` that cannot be read; `what` names row and column."""


class DecodeError(SidecarError):
    """A payload that does not decode. `reason` is one of `REASONS`: they are label values of `sidecar_decoded_total`.

    Raises ValueError for any other reason.
    """

    REASONS = (
        "no_decoder",  # nobody claims this exchange
        "truncated",  # the tap kept only a part of the body
        "encoding",  # content encoding unknown, broken, or larger than allowed once inflated
        "syntax",  # not JSON, not CSV, broken chunking
        "structure",  # parses, but the keys or nesting are not those of the protocol
        "ragged",  # rows of unequal width
        "shape",  # declared shape and number of values differ
        "type",  # values that are neither numbers, strings, booleans nor null
        "too_large",  # more rows or columns than the settings allow
        "unsupported",  # a known form that this version does not read
    )

    def __init__(self, reason: str, detail: str = "") -> None:
        if reason not in self.REASONS:
            raise ValueError(f"unknown decode reason {reason!r}")
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
