"""Which stream an exchange belongs to, what streams are called, and which one is the primary that `model.name` stands for.

A name or endpoint makes a stream only if it is declared, or if an accepted answer showed that a model is there, and there are at
most `streams.max`. Nothing is watched here: that is each `stream_watch`'s, and the budget they share is the monitor's.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from sidecar.core.reading.intake import Reading, settings_of
from sidecar.core.reference.profile import Profile
from sidecar.core.watching.budget import Budget
from sidecar.core.watching.primary import Claims, Rank, aliases
from sidecar.core.watching.stream_watch import LEARNING, StreamWatch
from sidecar.core.words.events import Event, StreamBegan
from sidecar.core.words.stream import OTHER, Answered, StreamKey
from sidecar.settings import Settings

Flush = Callable[[], None]
"""Feeds rows that wait, before streams change places."""


class Streams:
    """All streams; they share a `budget`."""

    def __init__(
        self, settings: Settings, reference: Profile | None, budget: Budget, now: float, label_key: bytes = b""
    ) -> None:
        self.names: dict[StreamWatch, str] = {}
        """What each one is called; the keys are all streams there are, the primary one first."""
        self.primary: StreamWatch | None = None
        """None where a reference names all its streams, and the settings name none of them."""
        self._settings = settings
        self._budget = budget
        self._label_key = label_key
        self._bound: dict[StreamKey, StreamWatch] = {}
        self._declared: dict[StreamKey, str] = {}  # of those that are bound: the template of `decode.routes`
        self._entries: dict[str, StreamWatch] = {}  # of the reference, of which nothing has come yet
        self._rank = Rank.NEVER
        self._take_up(reference or Profile(), None, now)

    def of(self, reading: Reading) -> StreamWatch | None:
        """The stream of a reading where that is settled; else ask `place`."""
        stream = self._bound.get(reading.key)
        settled = stream is None or stream is self.primary or self._rank >= Rank.EXACT
        return stream if settled or not self._rises(reading) else None

    def place(self, reading: Reading, now: float, flush: Flush) -> tuple[StreamWatch | None, list[Event]]:
        """The stream of a reading, made if it may be, and what is to be told of it. It may become the primary one."""
        key = reading.key
        accepted = reading.answered is Answered.ACCEPTED and any(frame.rows for frame in reading.frames)
        if not (accepted or reading.declared):
            return self._bound.get(key), []
        if key not in self._bound:
            known = (name for name in aliases(key, self._settings.model.name) if name in self._entries)
            entry = next(known, "")
            if entry:
                return self._bind(self._entries.pop(entry), reading, now)
        if self.primary is not None and self._rises(reading):
            return self._promote(self.primary, reading, now, flush)
        if key in self._bound:
            return self._bound[key], []
        if len(self.names) >= self._settings.streams.max and not reading.declared:
            return None, []
        return self._new(reading, now)

    def expected(self, reading: Reading) -> StreamWatch | None:
        """Whose rows those of a reading without a stream would be, if they could be read: a reference waits for them."""
        names = aliases(reading.key, self._settings.model.name)
        entry = next((self._entries[name] for name in names if name in self._entries), None)
        held = self.primary
        return entry or (held if held is not None and held.key is None and held.given is not None else None)

    def learned(self, stream: StreamWatch) -> None:
        """A stream has learned a reference: the first that does is the primary one, unless another is by its name."""
        held = self.primary
        by_name = self._rank >= Rank.NAMED or self._settings.streams.primary
        if held is not None and held is not stream and not by_name and held.given is None and held.source == LEARNING:
            self._call_primary(stream)

    def switch(self, reference: Profile, now: float) -> list[tuple[StreamWatch, list[Event]]]:
        """Compare with another file, each stream with its own part of it. What was learned stays where the file says nothing.

        Returns what is to be told of each stream.
        """
        held, left = self.primary, dict(reference.streams)
        told: list[tuple[StreamWatch, list[Event]]] = []
        for stream in self._entries.values():
            self._drop(stream)
        for key, stream in self._bound.items():
            name = next((name for name in aliases(key, self._settings.model.name) if name in left), None)
            if name is not None:
                told.append((stream, stream.switch(left.pop(name), now)))
                self.names[stream] = name
                held = None if stream is held else held
            elif stream.given is not None and stream is not held:
                told.append((stream, stream.switch(None, now)))
        if held is not None and reference.alone:
            told.append((held, held.switch(reference.alone, now)))
        self._take_up(Profile(reference.sides, streams=left, name=reference.name), held, now)
        return told

    def _take_up(self, reference: Profile, held: StreamWatch | None, now: float) -> None:
        """Make what the reference declares, and find the primary stream: the one that is, or one that is named."""
        settings = self._settings
        alone = reference.alone
        self._claims = Claims(settings, alone)
        self._entries = {name: self._made(profile, name, now) for name, profile in reference.streams.items()}
        wanted = (settings.streams.primary, settings.model.name)
        named = next((stream for stream, name in self.names.items() if name in wanted and stream is not held), None)
        if alone is not None or not self.names or (held is not None and not reference.streams):
            self.primary = held or self._made(alone, settings.model.name, now)
            self._rank = Rank.NEVER if held is None else self._rank
        else:
            self.primary, self._rank = named, Rank.NAMED
            if held is not None and held is not named:
                self._rename(held)
        if self.primary is not None:
            self.names = {self.primary: settings.model.name} | {
                stream: name for stream, name in self.names.items() if stream is not self.primary
            }

    def _made(self, reference: Profile | None, name: str, now: float, declared: str = "") -> StreamWatch:
        stream = StreamWatch(self._settings_of(declared), reference, self._budget, now, self._label_key)
        self.names[stream] = name
        return stream

    def _drop(self, stream: StreamWatch) -> None:
        del self.names[stream]
        self._budget.leave(stream)

    def _settings_of(self, declared: str) -> Settings:
        return msgspec.structs.replace(self._settings, decode=settings_of(self._settings.decode, declared))

    def _new(self, reading: Reading, now: float) -> tuple[StreamWatch, list[Event]]:
        stream = self._made(None, self._name(reading.key), now, reading.declared)
        return self._key(stream, reading, now)

    def _bind(self, stream: StreamWatch, reading: Reading, now: float) -> tuple[StreamWatch, list[Event]]:
        """The first rows have come of a stream that was there before."""
        if reading.declared:
            stream.restart(stream.given, self._settings_of(reading.declared), now)
        return self._key(stream, reading, now)

    def _key(self, stream: StreamWatch, reading: Reading, now: float) -> tuple[StreamWatch, list[Event]]:
        self._assign(stream, reading.key, reading.declared)
        return stream, [] if stream is self.primary else [self._began(stream, reading.key, now)]

    def _assign(self, stream: StreamWatch, key: StreamKey, declared: str) -> None:
        stream.key = key
        self._bound[key] = stream
        self._declared[key] = declared

    def _began(self, stream: StreamWatch, key: StreamKey, now: float) -> StreamBegan:
        return StreamBegan(now, self.names[stream], key.model, key.endpoint, stream.source)

    def _promote(
        self, held: StreamWatch, reading: Reading, now: float, flush: Flush
    ) -> tuple[StreamWatch, list[Event]]:
        """The stream of this reading is the primary one from now on. It takes the reference along; the other learns its own."""
        self._rank = self._claims.rank(reading)
        key, other = reading.key, held.key
        if other is None and key not in self._bound:
            return self._bind(held, reading, now)
        if held.given is None or other is None:
            stream = self._bound.get(key) or self._new(reading, now)[0]
            self._call_primary(stream)
            return stream, [self._began(held, other, now)] if other else []
        flush()
        dropped = self._bound.get(key)
        if dropped is not None:
            self._drop(dropped)
        events = held.restart(held.given, self._settings_of(reading.declared), now)
        self._assign(held, key, reading.declared)
        declared = self._declared[other]
        replaced = self._made(None, self._name(other), now, declared)
        self._assign(replaced, other, declared)
        return held, [*events, self._began(replaced, other, now)]

    def _call_primary(self, stream: StreamWatch) -> None:
        """Only names change."""
        held, self.primary = self.primary, stream
        rest = {one: name for one, name in self.names.items() if one is not stream}
        self.names = {stream: self._settings.model.name} | rest
        if held is not None and held.key is None:
            self._drop(held)
        elif held is not None:
            self._rename(held)

    def _rename(self, stream: StreamWatch) -> None:
        self.names[stream] = ""
        self.names[stream] = self._name(stream.key or StreamKey())

    def _rises(self, reading: Reading) -> bool:
        """Whether the stream of a reading has a better claim to be the primary one than the one that is."""
        held, bound = self.primary, self._bound.get(reading.key)
        if held is None or held is bound or (bound is not None and bound.given is not None):
            return False
        if bound is not None and held.given is None and held.key is not None:
            return False  # of streams that learn, only names could change, and those were looked at when it came
        if reading.answered is not Answered.ACCEPTED and not reading.declared:
            return False
        return self._claims.rank(reading) > (Rank.NEVER if held.key is None else self._rank)

    def _name(self, key: StreamKey) -> str:
        """A name that no other stream has."""
        whole = f"{key.model or self._settings.model.name}{key.endpoint}"
        taken = {*self.names.values(), self._settings.model.name, OTHER, ""}
        tries = [key.model, whole, *(f"{whole}~{number}" for number in range(2, len(taken) + 3))]
        return next(name for name in tries if name not in taken)
