"""What a sender's precision makes of a number: binary formats and decimals with few digits.

Each rounding is monotone, takes the nearest number that it can express, and knows the cell of numbers that it rounds to the same
one. Which rounding a column has is said by its datatype, or found by `grain`; what it means for bins is for `allotment`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sidecar.core.words.arrays import Floats, Numbers

_POWERS = np.array([float(f"1e{power}") for power in range(23)])
"""The powers of ten that are exact in float64: a product or quotient with one is the float nearest to the decimal."""


class Binary(NamedTuple):
    """A binary floating-point format with `bits` significant bits, subnormal numbers in steps of 2**`least`, and exponents
    below `most` (IEEE 754; bfloat16 is float32 with its lower 16 bits cut off).
    """

    name: str
    bits: int
    least: int
    most: int
    dtype: str = ""
    """The numpy type, where there is one: it rounds faster."""

    def rounded(self, numbers: Floats) -> Floats:
        """The nearest numbers of the format, ties to even; infinite beyond its range."""
        with np.errstate(over="ignore", invalid="ignore"):
            if self.dtype:
                return numbers.astype(self.dtype).astype(np.float64)
            step = self._step(np.frexp(numbers)[1])
            nearest = np.rint(numbers / step) * step
        return np.where(np.abs(nearest) >= np.ldexp(1.0, self.most), np.copysign(np.inf, nearest), nearest)

    def cells(self, rounded: Floats) -> tuple[Floats, Floats]:
        """The least and the greatest number that is rounded to each number of the format. Those of an infinity begin
        half a step beyond the range.
        """
        largest = np.ldexp(1.0, self.most)
        magnitudes = np.minimum(np.abs(rounded), largest)
        parts, exponents = np.frexp(np.maximum(magnitudes, np.ldexp(1.0, self.least)))
        outer = magnitudes + self._step(exponents) / 2
        inner = magnitudes - self._step(exponents - (parts == 0.5)) / 2  # numbers below a power of two are denser
        outer[np.isinf(rounded)] = np.inf
        return np.where(rounded < 0, -outer, inner), np.where(rounded < 0, -inner, outer)

    def _step(self, exponents: Numbers) -> Floats:
        return np.asarray(np.ldexp(1.0, np.maximum(exponents - self.bits, self.least)))


FLOAT32 = Binary("float32", 24, -149, 128, "f4")
FLOAT16 = Binary("float16", 11, -24, 16, "f2")
BFLOAT16 = Binary("bfloat16", 8, -133, 128)
BINARY = {one.name: one for one in (FLOAT32, FLOAT16, BFLOAT16)}
"""The formats by name. Any other name, and none, is float64, in which all numbers are kept."""


class Decimal(NamedTuple):
    """Decimals with at most `places` after the point and at most `digits` in all, as `%.3f` and `%.6g` print them."""

    places: int
    digits: int

    def rounded(self, numbers: Floats) -> Floats:
        """The floats nearest to the decimals, to the last bit, as a reader of the printed text has them."""
        finite = np.where(np.isfinite(numbers), numbers, 0.0)
        magnitudes = np.log10(np.maximum(np.abs(finite), np.finfo(np.float64).tiny))
        places = np.minimum(self.places, self.digits - 1 - np.floor(magnitudes)).astype(np.int64)
        exact = np.abs(places) < len(_POWERS)
        scale = _POWERS[np.where(exact, np.abs(places), 0)]
        with np.errstate(over="ignore"):
            nearest = np.where(places < 0, np.rint(finite / scale) * scale, np.rint(finite * scale) / scale)
        for at in np.flatnonzero(~exact & (finite != 0)).tolist():
            nearest.flat[at] = self._printed(float(finite.flat[at]))
        return np.where(np.isfinite(numbers), nearest, numbers)

    def cells(self, rounded: Floats) -> tuple[Floats, Floats]:
        """The least and the greatest number that is printed as each decimal."""
        finite = np.where(np.isfinite(rounded), rounded, 0.0)
        exponents = np.floor(np.log10(np.maximum(np.abs(finite), np.finfo(np.float64).tiny)))
        half = np.maximum(10.0**-self.places, 10.0 ** (exponents - self.digits + 1)) / 2
        return rounded - half, rounded + half

    def _printed(self, number: float) -> float:
        short = f"{number:.{self.digits - 1}e}"
        step = int(short.partition("e")[2]) - self.digits + 1
        return float(short) if step > -self.places else float(f"{number:.{self.places}f}")


Rounding = Binary | Decimal
