"""The laws see what they are for: members that break one are found out, and a new one that is right needs no other test.

Those that break a law are made of members that keep them all, so that nothing else can be the reason.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, settings

from sidecar.core.reading.decoder import Decoder, Example, Table, numbered
from sidecar.core.reading.decoders.v1_json import V1Json
from sidecar.core.reading.tables import Tables, parse
from sidecar.core.scores.measure import Measure, Measured, Pair
from sidecar.core.scores.measures.psi import Psi
from sidecar.core.words.events import Event, VerdictChanged
from sidecar.core.words.exchange import Exchange
from sidecar.core.words.frame import Frame, Side
from sidecar.errors import DecodeError
from sidecar.settings import DecodeSettings
from tests.laws import test_decoders as of_decoders
from tests.laws import test_measures as of_measures
from tests.laws.test_sinks import check_takes

SETTINGS = of_decoders.SETTINGS
UNEXPLAINED = settings(of_decoders.laws, phases=[Phase.generate], report_multiple_bugs=False)
"""It is known why these fail, so no time is spent on finding their simplest case."""
BROKEN = (AssertionError, DecodeError, KeyError, ValueError)
"""What a law raises, or lets through."""


class JsonLines:
    """A protocol that the package does not read, decoded as it should be."""

    name = "json_lines"
    routes: tuple[str, ...] = ()
    examples: tuple[Example, ...] = (
        Example(
            "/rows", b'{"a": 1, "b": "x"}\n{"a": 2, "b": null}\n', Table(("a", "b"), ((1, "x"), (2, None))),
            b"[0.5]\n[0.75]\n", Table(None, ((0.5,), (0.75,))), b"application/x-ndjson",
        ),
        Example(
            "/lines", b"[0.5, 1.5]\n[2.5, 3.5]", Table(None, ((0.5, 1.5), (2.5, 3.5))),
            b'{"p": 0.5}', Table(("p",), ((0.5,),)), b"application/x-ndjson",
        ),
    )  # fmt: skip

    def __init__(self, settings: DecodeSettings) -> None:
        self._tables = Tables(settings)

    @staticmethod
    def sized(rows: int, width: int) -> Example:
        inputs, scores = numbered(rows, width), numbered(rows, 1)
        asked, answered = ("\n".join(map(json.dumps, table)).encode() for table in (inputs, scores))
        return Example("/rows", asked, Table(None, inputs), answered, Table(None, scores), b"application/x-ndjson")

    def priority(self, exchange: Exchange) -> float:
        said = exchange.request.header(b"content-type") or b""
        return 0.9 if exchange.method == "POST" and said == b"application/x-ndjson" else 0.0

    def request(self, exchange: Exchange, payload: bytes) -> Frame:
        return self._read(Side.INPUT, payload)

    def response(self, exchange: Exchange, payload: bytes) -> Frame:
        return self._read(Side.OUTPUT, payload)

    def _read(self, side: Side, payload: bytes) -> Frame:
        return self._tables.rows(side, [parse(line) for line in payload.splitlines() if line.strip()])


class Deaf(V1Json):
    """Refuses whatever comes, so no frame of its can be wrong."""

    def request(self, exchange: Exchange, payload: bytes) -> Frame:
        raise DecodeError("structure")

    response = request


class DeafToWhatIsMutated(V1Json):
    """Knows its examples by heart."""

    def request(self, exchange: Exchange, payload: bytes) -> Frame:
        if payload.strip() not in {example.request for example in self.examples}:
            raise DecodeError("structure")
        return super().request(exchange, payload)

    def response(self, exchange: Exchange, payload: bytes) -> Frame:
        if payload.strip() not in {example.response for example in self.examples}:
            raise DecodeError("structure")
        return super().response(exchange, payload)


class Shuffling(V1Json):
    """Loses the order of the values."""

    def request(self, exchange: Exchange, payload: bytes) -> Frame:
        frame = super().request(exchange, payload)
        return Frame(frame.side, frame.names, frame.rows, frame.width, frame.values[::-1])


class Nameless(V1Json):
    """Loses the names."""

    def request(self, exchange: Exchange, payload: bytes) -> Frame:
        frame = super().request(exchange, payload)
        return Frame(frame.side, None, frame.rows, frame.width, frame.values)


class OneSided(V1Json):
    """Takes answers for requests."""

    def response(self, exchange: Exchange, payload: bytes) -> Frame:
        frame = super().response(exchange, payload)
        return Frame(Side.INPUT, frame.names, frame.rows, frame.width, frame.values)


class Leaky(V1Json):
    """Trusts that a key is there."""

    def request(self, exchange: Exchange, payload: bytes) -> Frame:
        document = json.loads(payload)
        return super().request(exchange, payload) if document.get("inputs") else self._of(document["instances"])

    def _of(self, rows: Any) -> Frame:
        return self._tables.rows(Side.INPUT, rows)


class Careless(V1Json):
    """Believes the first row of all."""

    def request(self, exchange: Exchange, payload: bytes) -> Frame:
        rows = self._tables.parse_object(payload).get("instances")
        if not (isinstance(rows, list) and rows and isinstance(rows[0], list)):
            return super().request(exchange, payload)
        return Frame(
            Side.INPUT, None, len(rows), len(rows[0]), [value for row in rows if isinstance(row, list) for value in row]
        )


class Boundless(V1Json):
    """Has bounds of its own."""

    def __init__(self, settings: DecodeSettings) -> None:
        super().__init__(DecodeSettings())


class Greedy(V1Json):
    """Wants whatever comes."""

    def priority(self, exchange: Exchange) -> float:
        return 1.0


class Unrouted(V1Json):
    """Has a route that the proxy labels `other`."""

    routes = ("/v9/models/{model}:predict",)


class Timid(V1Json):
    """Leaves its examples to others."""

    def priority(self, exchange: Exchange) -> float:
        return super().priority(exchange) / 100


def decoder_laws(decoder: Decoder) -> None:
    others = [one for one in of_decoders.ALL if one.name != decoder.name]
    of_decoders.check_examples(decoder)
    of_decoders.check_claims(decoder, [*others, decoder])
    of_decoders.check_sizes(decoder, SETTINGS.max_rows, SETTINGS.max_features)
    of_decoders.check_mutated(decoder, UNEXPLAINED)


@pytest.mark.parametrize("right", [JsonLines, V1Json], ids=lambda right: right.__name__)
def test_a_decoder_that_is_right_keeps_all_laws_by_what_it_says_itself(right: Callable[[Any], Decoder]) -> None:
    decoder_laws(right(SETTINGS))


@pytest.mark.parametrize("wrong", [
    Deaf, DeafToWhatIsMutated, Shuffling, Nameless, OneSided, Boundless, Greedy, Unrouted, Timid,
], ids=lambda wrong: wrong.__name__)  # fmt: skip
def test_a_decoder_that_is_wrong_or_says_nothing_breaks_a_law(wrong: Callable[[Any], Decoder]) -> None:
    with pytest.raises(BROKEN):
        decoder_laws(wrong(SETTINGS))


@pytest.mark.parametrize("wrong", [Deaf, DeafToWhatIsMutated, Leaky, Careless], ids=lambda wrong: wrong.__name__)
def test_mutated_examples_alone_find_what_is_vacuous_or_unsound(wrong: Callable[[Any], Decoder]) -> None:
    with pytest.raises(BROKEN):
        of_decoders.check_mutated(wrong(SETTINGS), UNEXPLAINED)


class Blind(Psi):
    """Sees no difference."""

    def __call__(self, pair: Pair) -> Measured:
        nothing = np.zeros(len(pair.reference))
        return Measured(nothing, nothing, nothing + 1)


class Figureless(Psi):
    """Its p-value is right and its figures say nothing."""

    def __call__(self, pair: Pair) -> Measured:
        nothing = np.zeros(len(pair.reference))
        return Measured(nothing, nothing, super().__call__(pair).p_value)


class Biased(Psi):
    """Never zero."""

    def __call__(self, pair: Pair) -> Measured:
        measured = super().__call__(pair)
        return Measured(measured.value + 0.01, measured.debiased, measured.p_value)


class Saturated(Psi):
    """As large for a little as for much."""

    def __call__(self, pair: Pair) -> Measured:
        measured = super().__call__(pair)
        return Measured(np.sign(measured.value), np.sign(measured.debiased), measured.p_value)


class Infinite(Psi):
    """Divides by bins without rows."""

    def __call__(self, pair: Pair) -> Measured:
        measured = super().__call__(pair)
        with np.errstate(all="ignore"):
            return Measured(measured.value + (1 / pair.live).max(axis=1) * 0, measured.debiased, measured.p_value)


class Alarmist(Psi):
    """Certain of everything that is not equal."""

    def __call__(self, pair: Pair) -> Measured:
        measured = super().__call__(pair)
        return Measured(measured.value, measured.debiased, np.where(measured.value > 0, 0.0, 1.0))


def measure_laws(measure: Measure) -> None:
    of_measures.check_zero(measure)
    of_measures.check_range(measure)
    of_measures.check_grows(measure)
    of_measures.check_sees(measure)
    of_measures.check_not_liberal([measure], "normal", rows=1_000, times=40)


@pytest.mark.parametrize(
    "wrong", [Blind, Figureless, Biased, Saturated, Infinite, Alarmist], ids=lambda wrong: wrong.__name__
)
def test_a_measure_that_is_wrong_or_says_nothing_breaks_a_law(wrong: Callable[[], Psi]) -> None:
    with pytest.raises(BROKEN):
        measure_laws(wrong())


class Telling:
    """Counts what it is told."""

    name = "telling"
    every_exchange = False

    def __init__(self) -> None:
        self.results: Mapping[str, int] = {"sent": 0}

    def handle(self, event: Event) -> None:
        self.results = {"sent": self.results["sent"] + 1}

    def flush(self) -> None:
        """Nothing waits."""


class Silent(Telling):
    """Takes everything and says nothing."""

    def handle(self, event: Event) -> None:
        """Nothing comes of it."""


class Fragile(Telling):
    """Cannot write what a client may send."""

    def handle(self, event: Event) -> None:
        super().handle(event)
        if isinstance(event, VerdictChanged):
            event.report.feature.encode()


class Inventive(Telling):
    """Has a result that is not exported."""

    def handle(self, event: Event) -> None:
        self.results = {"lost": 1}


def test_a_sink_that_is_right_keeps_the_law() -> None:
    check_takes(Telling())


@pytest.mark.parametrize("wrong", [Silent, Fragile, Inventive], ids=lambda wrong: wrong.__name__)
def test_a_sink_that_is_wrong_or_says_nothing_breaks_the_law(wrong: Callable[[], Telling]) -> None:
    with pytest.raises(BROKEN):
        check_takes(wrong())
