"""Headers are found as a reader of the head would find them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.words.exchange import Exchange, Message, Outcome

token = st.text("abcXYZ-09", min_size=1, max_size=6)
values = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12)
heads = st.lists(st.tuples(token, st.sampled_from(["", " ", "\t", "  "]), values), max_size=6)


def read_line_by_line(head: bytes, name: bytes) -> bytes | None:
    for line in head.split(b"\r\n")[1:]:
        key, colon, value = line.partition(b":")
        if colon and key.lower() == name:
            return value.strip()
    return None


@given(lines=heads, name=token, padding=st.sampled_from([0, 3_000]))
def test_a_header_is_that_of_the_first_line_of_its_name(
    lines: list[tuple[str, str, str]], name: str, padding: int
) -> None:
    text = "".join(f"{key}:{blank}{value}\r\n" for key, blank, value in lines)
    head = f"POST / HTTP/1.1\r\n{text}X-Long: {'x' * padding}\r\n\r\n".encode()

    for wanted in {name, *(key for key, _, _ in lines)}:
        lowered = wanted.lower().encode()
        assert Message(head).header(lowered) == read_line_by_line(head, lowered)


def test_a_name_in_the_request_line_or_in_a_value_is_no_header() -> None:
    message = Message(b"GET /host:1 HTTP/1.1\r\nX: host: 2\r\n\r\n")

    assert message.header(b"host") is None


def test_a_head_that_was_not_seen_has_no_header() -> None:
    assert Message().header(b"host") is None


@pytest.mark.parametrize(("target", "path"), [("/a?b=1", "/a"), ("/a", "/a"), ("/a?b?c", "/a"), ("", "")])
def test_the_path_is_the_target_without_its_query(target: str, path: str) -> None:
    exchange = Exchange(0, 0, 0, "GET", target, "other", 200, Outcome.COMPLETE, Message(), Message())

    assert exchange.path == path
