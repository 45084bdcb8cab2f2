"""How fine the values of a column are: in which binary format, or with how many decimal places and digits, all of them are exact.

Used for the reference, from its values at once, and for live columns of which no datatype is known, from all values so far. A
column only gets finer with more values, and one that is as fine as its reference is not looked at again. What follows for bins is
for `allotment`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sidecar.core.binning.bins import Feature
from sidecar.core.binning.rounding import BFLOAT16, BINARY, FLOAT16, FLOAT32, Binary, Decimal, Rounding
from sidecar.core.words.arrays import Floats

MOST_DIGITS = 9
"""Decimals with more places or digits are full precision: nine digits distinguish all numbers of float32."""
_SURE = 8
"""A grain is believed from so many values on: of numbers with one more place, eight without it have a probability of 10^-8."""
_ODD_PLACES = 4
"""A reference whose numbers are exact in a binary format and have so many decimal places or more is of that format: people
do not write 0.0625 where they mean 0.06."""
_WHOLE = 2.0**53
"""From here on all floats are integers, which says nothing."""
_FULL = Decimal(300, 17)
"""Stands for more places and digits than are counted."""
_LEAST_DIGITS = 6
_FEW_PLACES = 2
"""Of a reference with so few places most numbers may be round, as a visibility in whole miles is: that live ones are says
nothing of their precision."""
_SURE_BITS, _SURE_NUMBERS = 27.0, 4
"""Whole numbers are taken for those of a binary format if chance would make distinct ones as round with 2**-27, about 10^-8,
and there are at least four: one may be stuck."""
_LOOKED_AT = 256
"""Values of a column that are looked at in each batch..."""
_OFTEN, _SELDOM = 64, 16
"""...and after so many batches, only in each so many: columns hardly change."""


class Grain(NamedTuple):
    """The grain of a reference: the coarsest binary `precision` in which all numbers are exact, empty for none; the fewest
    decimal `places` and significant `digits` in which all are, None for more than `MOST_DIGITS`.
    """

    precision: str = ""
    places: int | None = None
    digits: int | None = None


def grain_of(values: Floats) -> Grain:
    """The grain of finite reference values (n,). Decimals with few places have no binary precision, others no places."""
    places, digits = places_of(values), digits_of(values)
    if not len(values) or (places is not None and places < _ODD_PLACES):
        return Grain("", places, digits)
    exact = next((one.name for one in (BFLOAT16, FLOAT16, FLOAT32) if is_exact(values, one)), "")
    return Grain(exact) if exact else Grain("", places, digits)


def places_of(values: Floats, least: int = 0) -> int | None:
    """The fewest decimal places, at least `least`, in which all finite values are exact; None beyond `MOST_DIGITS`."""
    return next((places for places in range(least, MOST_DIGITS + 1) if _has_places(values, places)), None)


def digits_of(values: Floats, least: int = 1) -> int | None:
    """The same of significant digits."""
    return next((digits for digits in range(least, MOST_DIGITS + 1) if _has_digits(values, digits)), None)


def is_exact(values: Floats, binary: Binary) -> bool:
    """Whether a format expresses all values."""
    return bool(np.array_equal(binary.rounded(values), values))


class LiveGrain:
    """The grain of each live column whose datatype is unknown, and the rounding that follows from it."""

    def __init__(self, features: Sequence[Feature]) -> None:
        self.roundings: list[Rounding] = [FLOAT32] * len(features)
        """By feature. A number of full precision is the same in float32 only if it was one."""
        self.certain: set[int] = set()
        """The features of which so many round whole numbers came that nothing but their format can have made them."""
        self.finer: dict[int, Decimal] = {}
        """The decimals of the reference, by feature, where live columns have more."""
        self._batches = 0
        self._columns = {at: _Column(feature) for at, feature in enumerate(features) if feature.edges}

    def look(self, numbers: Floats) -> bool:
        """Take rows (features, n); returns whether anything changed."""
        changed = False
        self._batches += 1
        if not self._columns or (self._batches > _OFTEN and self._batches % _SELDOM):
            return False
        for at, column in list(self._columns.items()):
            rounding = column.look(numbers[at, :_LOOKED_AT])
            changed |= rounding != self.roundings[at] or column.is_certain != (at in self.certain)
            self.certain = self.certain | {at} if column.is_certain else self.certain - {at}
            self.roundings[at] = rounding
            if column.is_finer and at not in self.finer:
                self.finer[at] = column.own
                changed = True
            if column.is_full:
                del self._columns[at]
        return changed


class _Column:
    """One column: decimal places and digits so far, and the binary formats in which all values so far are exact."""

    def __init__(self, feature: Feature) -> None:
        self._binary = [one for one in (BFLOAT16, FLOAT16, FLOAT32) if is_coarser(one, feature)]
        self._wanted = _counted(feature.places, feature.digits)
        self._is_often_round = feature.places is not None and feature.places <= _FEW_PLACES
        self.own = _own(self._wanted)
        """The decimals of the reference."""
        self.is_finer = False
        """Whether values had more decimals than these, and not merely those of their binary format."""
        self._places: int | None = 0
        self._digits: int | None = 1
        self._seen = 0
        self._round: dict[float, float] = {}
        """Distinct numbers beyond those that the coarsest format has all whole ones of, each with its surprise in bits."""

    @property
    def is_full(self) -> bool:
        """Whether the values are as fine as those of the reference: this stays so."""
        return self._is_as_fine and not (self._coarse and self._round)

    @property
    def is_certain(self) -> bool:
        """Whether the coarse format explains what chance does not."""
        surprise = sum(self._round.values())
        return self._coarse is not None and surprise >= _SURE_BITS and len(self._round) >= _SURE_NUMBERS

    @property
    def _is_as_fine(self) -> bool:
        found = _counted(self._places, self._digits)
        if self._coarse and (self._places is None or found.places > self._wanted.places):
            return False
        return found.places >= self._wanted.places and found.digits >= self._wanted.digits

    @property
    def _coarse(self) -> Binary | None:
        """The coarsest format in which all values so far are exact, if it is coarser than float32."""
        return self._binary[0] if self._binary and self._binary != [FLOAT32] else None

    def look(self, values: Floats) -> Rounding:
        """The rounding of the column after these values."""
        finite = values[np.isfinite(values)]
        self._seen += len(finite)
        if len(finite):
            coarse = self._coarse
            self._binary = [one for one in self._binary if is_exact(finite, one)]
            self._round = self._round if self._coarse is coarse else {}
            self._places = None if self._places is None else places_of(finite, self._places)
            self._digits = None if self._digits is None else digits_of(finite, self._digits)
            self.is_finer = self.is_finer or self._has_more(finite)
            self._look_at_whole(finite)
        return FLOAT32 if self._seen < _SURE else self._rounding()

    def _look_at_whole(self, values: Floats) -> None:
        """Of whole numbers in [2^e, 2^(e+1)) one of 2^(e+1-bits) is a number of the format: that all are is a surprise."""
        if self._coarse is None or self.is_certain:
            return
        distinct = np.unique(values)
        surprise = np.frexp(distinct)[1] - float(self._coarse.bits)
        found = surprise > 0
        self._round |= dict(zip(distinct[found].tolist(), surprise[found].tolist(), strict=True))

    def _has_more(self, values: Floats) -> bool:
        if self.own == _FULL:
            return False
        fewer = rounded_where_finer(values, self.own, self._binary[0] if self._binary else None)
        sent = self._binary[0].rounded(fewer) if self._binary else fewer
        return not np.array_equal(sent, values)

    def _rounding(self) -> Rounding:
        if self._coarse and self.is_certain:
            return self._coarse
        if self._is_as_fine:
            return FLOAT32
        if self._is_often_round and self._places is not None and self._places <= self._wanted.places:
            return FLOAT32
        if self._coarse and self._places != 0:
            return self._coarse
        return _counted(self._places, self._digits)


def rounded_where_finer(values: Floats, decimal: Decimal, binary: Binary | None) -> Floats:
    """Values as decimals, but for those whose binary format is no finer than these."""
    fewer = decimal.rounded(values)
    if binary is None:
        return fewer
    low, high = binary.cells(values)
    least, most = decimal.cells(fewer)
    with np.errstate(invalid="ignore"):
        return np.where(high - low < most - least, fewer, values)


def _own(wanted: Decimal) -> Decimal:
    """What printed a reference: `%.2f`, or `%.4g` where there are more places than digits. Live numbers may be larger, so the
    digits of the former are at least `_LEAST_DIGITS`.
    """
    if wanted.places <= wanted.digits:
        return Decimal(wanted.places, max(wanted.digits, _LEAST_DIGITS))
    return Decimal(_FULL.places, wanted.digits)


def _counted(places: int | None, digits: int | None) -> Decimal:
    return Decimal(_FULL.places if places is None else places, _FULL.digits if digits is None else digits)


def is_coarser(rounding: Rounding, feature: Feature) -> bool:
    """Whether a sender's rounding may lose something of the reference's numbers."""
    known = BINARY.get(feature.precision)
    return known is None or not isinstance(rounding, Binary) or rounding.bits < known.bits


def _has_places(values: Floats, places: int) -> bool:
    scale = 10.0**places
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = values * scale
        return bool(((np.rint(scaled) / scale == values) & (np.abs(scaled) < _WHOLE)).all())


def _has_digits(values: Floats, digits: int) -> bool:
    """Exactly: a product such as 6 x 1.15078 = 6.904679999999999 has more digits, or rounding would move it off its own spike."""
    return bool(np.array_equal(Decimal(_FULL.places, digits).rounded(values), values))
