"""Regular expressions for values that clients send: matched in time linear in the text, whatever the pattern and the text.

`re` backtracks, so that one value of 30 characters may hold the observer for hours (`(a+)+b`). Here a pattern is an automaton of
positions (Glushkov, 1961), of which all states are followed at once. So there is no backreference and no lookaround; what is
understood is `Pattern`'s. A pattern always describes the whole text. Tests hold it against `re.fullmatch`.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, TypeVar

MOST_CHARACTERS = 1_024
"""Of a text; a longer one matches nothing."""
MOST_POSITIONS = 250
"""Of a pattern, after `{m,n}` is written out."""
_REMEMBERED = 4_096
"""Transitions that are kept."""
_MOST_NESTING = 50
_CLASSES = {
    "d": frozenset(string.digits),
    "w": frozenset(string.ascii_letters + string.digits + "_"),
    "s": frozenset(string.whitespace),
}
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v"}
_SPECIAL = frozenset("\\.^$*+?{}[]|()")


_Key = TypeVar("_Key")


class _Characters(NamedTuple):
    """A set of characters: single ones, ranges, and sets that are left out; all others if `negated`."""

    single: frozenset[str]
    ranges: tuple[tuple[str, str], ...] = ()
    without: tuple[frozenset[str], ...] = ()
    negated: bool = False

    def has(self, character: str) -> bool:
        found = (
            character in self.single
            or any(low <= character <= high for low, high in self.ranges)
            or any(character not in others for others in self.without)
        )
        return found is not self.negated


class _Part(NamedTuple):
    """A piece of an automaton: whether it matches nothing, and the positions at which it may begin and end."""

    empty: bool
    first: int
    """A bit for each position."""
    last: int


_NOTHING = _Part(True, 0, 0)


class Pattern:
    r"""Literals, `.` (no line break), `[a-z]`, `[^...]`, `\d \w \s` (ASCII) and their opposites, `( )`, `(?: )`, `|`, `* + ?`,
    `{m}`, `{m,}`, `{m,n}`; `^` at the beginning and `$` at the end say what is the case anyway.

    Raises ValueError, which names the place, for anything else, and for more than `MOST_POSITIONS`.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        automaton = _Automaton()
        part = _Reader(text, automaton).whole()
        self._characters = automaton.characters
        self._follow = automaton.follow
        self._ends = part.last
        self._empty = part.empty
        self._first = part.first
        self._accepting: dict[str, int] = {}
        self._steps: dict[tuple[int, str], int] = {}

    def matches(self, text: str) -> bool:
        """Whether the whole text is described."""
        if len(text) > MOST_CHARACTERS:
            return False
        if not text:
            return self._empty
        at = self._first & self._accepted_by(text[0])
        for character in text[1:]:
            if not at:
                return False
            at = self._next(at, character)
        return bool(at & self._ends)

    def _next(self, at: int, character: str) -> int:
        """All positions after one more character; a position is a bit."""
        found = self._steps.get((at, character))
        if found is None:
            after = 0
            for one in _bits(at):
                after |= self._follow[one]
            found = _remember(self._steps, (at, character), after & self._accepted_by(character))
        return found

    def _accepted_by(self, character: str) -> int:
        found = self._accepting.get(character)
        if found is None:
            positions = sum(1 << at for at, known in enumerate(self._characters) if known.has(character))
            found = _remember(self._accepting, character, positions)
        return found


def _remember(known: dict[_Key, int], key: _Key, value: int) -> int:
    if len(known) >= _REMEMBERED:
        known.clear()
    known[key] = value
    return value


def _bits(positions: int) -> Iterator[int]:
    while positions:
        lowest = positions & -positions
        yield lowest.bit_length() - 1
        positions ^= lowest


class _Automaton:
    """Positions, and which may follow each."""

    def __init__(self) -> None:
        self.characters: list[_Characters] = []
        self.follow: list[int] = []

    def one(self, characters: _Characters) -> _Part:
        if len(self.characters) >= MOST_POSITIONS:
            raise ValueError(f"the pattern has more than {MOST_POSITIONS} characters once repetitions are written out")
        self.characters.append(characters)
        self.follow.append(0)
        at = 1 << len(self.characters) - 1
        return _Part(False, at, at)

    def sequence(self, parts: Iterable[_Part]) -> _Part:
        whole = _NOTHING
        for part in parts:
            self._join(whole.last, part.first)
            whole = _Part(
                whole.empty and part.empty,
                whole.first | part.first if whole.empty else whole.first,
                whole.last | part.last if part.empty else part.last,
            )
        return whole

    def loop(self, part: _Part) -> _Part:
        self._join(part.last, part.first)
        return part

    def _join(self, ends: int, begins: int) -> None:
        for end in _bits(ends):
            self.follow[end] |= begins


class _Reader:
    """Reads a pattern from left to right. A piece that is repeated is read as often as it is written out."""

    def __init__(self, text: str, automaton: _Automaton) -> None:
        self._text = text
        self._at = 0
        self._automaton = automaton
        self._nesting = 0

    def whole(self) -> _Part:
        found = self._choice()
        if self._at < len(self._text):
            raise self._error(f"{self._text[self._at]!r} closes nothing")
        return found

    def _choice(self) -> _Part:
        parts = [self._sequence()]
        while self._takes("|"):
            parts.append(self._sequence())
        first = last = 0
        for part in parts:
            first, last = first | part.first, last | part.last
        return _Part(any(part.empty for part in parts), first, last)

    def _sequence(self) -> _Part:
        parts = []
        if not self._nesting:
            self._takes("^")
        while self._at < len(self._text) and self._text[self._at] not in "|)":
            if (
                self._text[self._at] == "$"
                and not self._nesting
                and self._text[self._at + 1 : self._at + 2] in ("", "|")
            ):
                self._at += 1
                break
            parts.append(self._repeated())
        return self._automaton.sequence(parts)

    def _repeated(self) -> _Part:
        began = self._at
        part = self._piece()
        ended = self._at
        times = self._times()
        if times is None:
            return part
        if self._text[self._at : self._at + 1] in ("*", "+", "?"):
            raise self._error("a repetition cannot be repeated, lazy or possessive: group it")
        return self._written_out(part, self._again(began, ended, self._at), *times)

    def _written_out(self, part: _Part, again: Callable[[], _Part], least: int, most: int | None) -> _Part:
        if most is None:
            parts = [part, *(again() for _ in range(least - 1))]
            last = self._automaton.loop(parts[-1])
            return self._automaton.sequence([*parts[:-1], last._replace(empty=last.empty or least == 0)])
        parts = [part, *(again() for _ in range(most - 1))] if most else []
        return self._automaton.sequence(
            one._replace(empty=one.empty or number >= least) for number, one in enumerate(parts)
        )

    def _again(self, began: int, ended: int, after: int) -> Callable[[], _Part]:
        """Reads the same piece once more."""

        def read() -> _Part:
            self._at = began
            part = self._piece()
            if self._at != ended:
                raise self._error("cannot be read")
            self._at = after
            return part

        return read

    def _times(self) -> tuple[int, int | None] | None:
        for sign, times in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self._takes(sign):
                return times
        if not self._takes("{"):
            return None
        inside, closed, _ = self._text[self._at :].partition("}")
        low, comma, high = inside.partition(",")
        if not closed or not low.isdecimal() or not (high.isdecimal() or not high):
            raise self._error("`{` begins no repetition such as {2,4}; write \\{ for the sign")
        self._at += len(inside) + 1
        least, most = int(low), int(high or low) if high or not comma else None
        if most is not None and most < least:
            raise self._error(f"{{{inside}}} repeats at most less often than at least")
        if max(least, most or 0) > MOST_POSITIONS:
            raise self._error(f"{{{inside}}} is more than {MOST_POSITIONS} times")
        return least, most

    def _piece(self) -> _Part:
        sign = self._take()
        if sign == "(":
            return self._group()
        if sign == "[":
            return self._automaton.one(self._set())
        if sign == ".":
            return self._automaton.one(_Characters(frozenset("\n"), negated=True))
        if sign == "\\":
            return self._automaton.one(self._escaped())
        if sign in _SPECIAL:
            raise self._error(f"{sign!r} stands for itself only as \\{sign}")
        return self._automaton.one(_Characters(frozenset(sign)))

    def _group(self) -> _Part:
        if self._takes("?") and not self._takes(":"):
            raise self._error("of groups that begin with `(?` only `(?:` is understood")
        self._nesting += 1
        if self._nesting > _MOST_NESTING:
            raise self._error(f"groups are nested more than {_MOST_NESTING} deep")
        inside = self._choice()
        self._nesting -= 1
        if not self._takes(")"):
            raise self._error("a group is not closed")
        return inside

    def _escaped(self) -> _Characters:
        sign = self._take()
        if sign.lower() in _CLASSES:
            known = _CLASSES[sign.lower()]
            return _Characters(known) if sign.islower() else _Characters(known, negated=True)
        if sign in _CONTROLS:
            return _Characters(frozenset(_CONTROLS[sign]))
        if sign.isalnum():
            raise self._error(f"\\{sign} is not understood")
        return _Characters(frozenset(sign))

    def _set(self) -> _Characters:
        negated = self._takes("^")
        single: set[str] = set()
        ranges: list[tuple[str, str]] = []
        without: list[frozenset[str]] = []
        first = True
        while first or not self._takes("]"):
            low = self._member(single, without)
            first = False
            if self._text[self._at : self._at + 1] == "-" and self._text[self._at + 1 : self._at + 2] not in ("", "]"):
                self._at += 1
                high = self._member(single, without)
                if low is None or high is None or low > high:
                    raise self._error("a range of characters ends before it begins")
                ranges.append((low, high))
            elif low is not None:
                single.add(low)
        return _Characters(frozenset(single), tuple(ranges), tuple(without), negated)

    def _member(self, single: set[str], without: list[frozenset[str]]) -> str | None:
        """One character of a set; None for a class, which is entered at once."""
        sign = self._take()
        if sign == "[":
            raise self._error("`[` stands for itself in a set only as \\[")
        if sign != "\\":
            return sign
        found = self._escaped()
        if found.negated:
            without.append(found.single)
        elif len(found.single) == 1:
            return next(iter(found.single))
        else:
            single |= found.single
        return None

    def _takes(self, sign: str) -> bool:
        if not self._text.startswith(sign, self._at):
            return False
        self._at += len(sign)
        return True

    def _take(self) -> str:
        if self._at >= len(self._text):
            raise self._error("the pattern ends too early")
        self._at += 1
        return self._text[self._at - 1]

    def _error(self, why: str) -> ValueError:
        return ValueError(f"pattern {self._text!r}, at character {self._at}: {why}")
