from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from harness.receiver import receiving
from sidecar.capturing.http_post import Poster

Made = Callable[..., Poster]


@pytest.fixture
def made() -> Iterator[Made]:
    """Makes posters, whose connections end with the test."""
    with contextlib.ExitStack() as stack:
        yield lambda url, seconds=5.0: stack.enter_context(contextlib.closing(Poster(url, seconds)))


def test_it_posts_over_one_connection_that_is_kept(made: Made) -> None:
    with receiving() as receiver:
        poster = made(receiver.url)
        assert [poster.post({"x-a": "1"}, b"body"), poster.post({}, b"")] == [200, 200]

        assert [one.body for one in receiver.posted] == [b"body", b""]
        assert receiver.posted[0].path == "/consumer?key=1"
        assert receiver.posted[0].headers["x-a"] == "1"
        assert receiver._server is not None
        assert len(receiver._server.connections) == 1


def test_a_connection_that_was_closed_while_idle_is_made_again(made: Made) -> None:
    with receiving() as receiver:
        poster = made(receiver.url)
        poster.post({}, b"1")
        receiver.go()
        receiver.come()
        assert poster.post({}, b"2") == 200


def test_the_user_of_a_url_is_basic_authentication(made: Made) -> None:
    with receiving() as receiver:
        made(receiver.url.replace("//", "//me:p%40ss@")).post({}, b"")
        assert receiver.posted[0].headers["authorization"] == "Basic bWU6cEBzcw=="


def test_nobody_there_one_who_hangs_and_one_who_talks_nonsense_are_os_errors(made: Made) -> None:
    with receiving() as receiver:
        poster = made(receiver.url, 0.1)
        receiver.hanging = True
        with pytest.raises(OSError, match="timed out"):
            poster.post({}, b"")
        receiver.go()
        with pytest.raises(ConnectionRefusedError):
            poster.post({}, b"")
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=talk_nonsense, args=(server,), daemon=True).start()
        with pytest.raises(ConnectionError, match="the answer is no HTTP"):
            made(f"http://127.0.0.1:{server.getsockname()[1]}/").post({}, b"")


def talk_nonsense(server: socket.socket) -> None:
    with server.accept()[0] as connection:
        connection.sendall(b"220 mail ready\r\n")


@pytest.mark.parametrize("url", ["ftp://h/", "h:80", "http://", "http://me:secret@h:port/", "http://[::1/"])
def test_what_is_no_url_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValueError, match=r"is no .*URL") as refused:
        Poster(url, 1)
    assert "secret" not in str(refused.value)
