"""What a setting can be: bounded numbers, pointers, addresses, files; and a section, which groups settings.

What a type says beside its bounds (`secret`, `writes_file`, `reads_file`) goes into the `catalogue`, and from there to the API,
to `check` and to the injector.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

Positive = Annotated[int, Meta(ge=1)]
Natural = Annotated[int, Meta(ge=0)]
Ratio = Annotated[float, Meta(ge=0, le=1)]
Seconds = Annotated[float, Meta(ge=0, le=86_400)]
Pointer = Annotated[str, Meta(pattern="^(/.*)?$")]
Statuses = Annotated[str, Meta(pattern="^([1-5]xx|[1-5][0-9][0-9](-[1-5][0-9][0-9])?)$")]

Address = Annotated[str, Meta(extra={"secret": True})]
"""A URL, whose user, password and query may be credentials: shown without them (see `shown`)."""

WrittenFile = Annotated[str, Meta(extra={"writes_file": True})]
"""A file that the sidecar writes: an injected pod gets a volume for it, of twice the section's `max_bytes` if there is one."""

ReadFile = Annotated[str, Meta(extra={"reads_file": True})]
"""A file that the sidecar reads and nobody is shown: who injects the setting mounts it."""


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A group of settings; one YAML mapping."""
