"""Which segment a row is in."""

from __future__ import annotations

import numpy as np
import pytest

from harness.wire import exchange
from sidecar.core.binning.bins import Feature, Kind
from sidecar.core.binning.segments import OTHER, VALUE_CHARACTERS, Router
from sidecar.core.words.frame import Frame, Side
from sidecar.errors import SettingsError
from sidecar.settings import SegmentSettings
from sidecar.settings.load import load

FEATURES = (
    Feature("age", Kind.NUMERIC, (0.0, 100.0)),
    Feature("country", Kind.CATEGORICAL, categories=("de", "fr", "other")),
)


def router(by: str = "feature:country", values: tuple[str, ...] = (), most: int = 10) -> Router:
    made = Router(SegmentSettings(by, values, most), ())
    made.use_reference(FEATURES)
    return made


def asked(*countries: object) -> Frame:
    values = [value for country in countries for value in (40.0, country)]
    return Frame(Side.INPUT, ("age", "country"), len(countries), 2, values)


def answered(rows: int) -> Frame:
    return Frame(Side.OUTPUT, ("score",), rows, 1, [0.5] * rows)


def called(made: Router, *frames: Frame, headers: bytes = b"") -> list[list[str]]:
    routed = made.route(exchange("/p", b"{}", headers=headers), list(frames))
    return [[made.names[number] for number in frame.segments or ()] for frame in routed]


def test_rows_go_to_the_slice_of_their_value_and_unknown_or_absent_ones_to_other() -> None:
    assert called(router(), asked("fr", "de", "xx", None, "", 7)) == [["fr", "de", "other", "other", "other", "other"]]


def test_a_category_that_is_called_other_stands_in_quotes() -> None:
    assert called(router(), asked("other", "xx")) == [['"other"', "other"]]


def test_only_declared_values_have_slices_where_some_are_declared() -> None:
    assert called(router(values=("fr", "se")), asked("de", "fr", "se")) == [["other", "fr", "se"]]


def test_beyond_the_most_slices_the_rest_is_other() -> None:
    assert called(router(most=1), asked("de", "fr")) == [["de", "other"]]
    assert called(router(values=("fr", "de"), most=1), asked("de", "fr")) == [["other", "fr"]]


def test_numbers_are_declared_as_they_are_written() -> None:
    made = router("feature:age", values=("1", "2"))
    frame = Frame(Side.INPUT, None, 3, 2, np.array([1.0, 0.0, 2.0, 0.0, 3.0, 0.0]))

    assert called(made, frame) == [["1", "2", "other"]]


def test_answers_are_in_the_slices_of_their_requests_row_by_row() -> None:
    assert called(router(), asked("de", "fr"), answered(2))[1] == ["de", "fr"]


def test_answers_of_another_length_are_in_the_only_slice_of_the_exchange_or_in_other() -> None:
    assert called(router(), asked("de", "de"), answered(3))[1] == ["de"] * 3
    assert called(router(), asked("de", "fr"), answered(1))[1] == ["other"]
    assert called(router(), answered(2))[0] == ["other"] * 2


def test_a_header_puts_the_whole_exchange_into_one_slice() -> None:
    made = router("header:X-Tenant", values=("acme",))

    assert called(made, asked("de"), answered(2), headers=b"X-Tenant: acme\r\n") == [["acme"], ["acme", "acme"]]
    assert called(made, asked("de"), headers=b"x-tenant: evil\r\n") == [["other"]]
    assert called(made, asked("de")) == [["other"]]


def test_a_header_whose_values_are_made_up_without_end_names_no_more_than_the_most_slices() -> None:
    made = router("header:x-tenant", most=3)
    for at in range(2_000):
        called(made, asked("de"), headers=b"x-tenant: %d%s\r\n" % (at, b"x" * 500))

    assert len(made.names) == 4
    assert max(map(len, made.names)) == VALUE_CHARACTERS
    assert not made.known


def test_lists_of_names_that_are_made_up_without_end_do_not_fill_the_memory() -> None:
    made = router()
    for at in range(2_000):
        made.rows(Frame(Side.INPUT, (f"x{at}", "country"), 1, 2, [1.0, "de"]))

    assert len(made._places) <= 256


def test_a_frame_without_the_feature_is_in_other() -> None:
    assert router().rows(Frame(Side.INPUT, ("age",), 2, 1, [1.0, 2.0])) == [OTHER, OTHER]


@pytest.mark.parametrize("by", ["country", "feature:", "header:x tenant", "cookie:a"])
def test_what_segments_go_by_is_a_feature_or_a_header(by: str) -> None:
    with pytest.raises(SettingsError, match=r"segments\.by"):
        load(None, {}, {"segments.by": by})
