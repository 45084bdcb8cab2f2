from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.reading.paths import path_of, shown_path
from sidecar.core.reading.stream_keys import name_of, without_ids

KEY = "AKIA" + "IOSFODNN7EXAMPLE"


@given(st.text(st.characters(max_codepoint=255), max_size=400))
def test_any_target_has_a_path_of_as_many_segments_that_can_be_shown(target: str) -> None:
    shown = shown_path(target)
    assert shown.isascii() or shown.encode("latin-1")
    assert shown.count("/") == path_of(target).count("/")
    assert not {"\n", "\r", "\x1b", "\x00"} & set(shown)


@pytest.mark.parametrize(
    ("target", "shown"),
    [
        ("/v2/models/loans/infer", "/v2/models/loans/infer"),
        ("/customers/alice@example.com/score?x=1", "/customers/***/score"),
        ("/customers/alice%2540example.com/score", "/customers/***/score"),
        ("/models/alice@example.com:predict", "/models/***:predict"),
        ("/predict;jsessionid=9f86d081", "/***"),
        ("/" + "a/" * 3 + "x" * 300, "/a/a/a/***"),
        ("/v1/models/m/versions/1700000000:predict", "/v1/models/m/versions/1700000000:predict"),
        ("*", "*"),
    ],
)
def test_a_segment_that_looks_like_a_secret_is_hidden(target: str, shown: str) -> None:
    assert shown_path(target) == shown


def test_what_is_encoded_more_often_than_proxies_do_is_hidden() -> None:
    assert shown_path("/a%25252525b") == "/***"


def test_a_hidden_name_names_no_model() -> None:
    assert name_of("***") == ""


def test_a_key_of_plain_letters_is_an_identifier() -> None:
    assert without_ids(f"/keys/{KEY}/score") == "/keys/{id}/score"
