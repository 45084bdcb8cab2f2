"""Lines to where writing may block, and streams over them. tests/path/test_standard_streams.py has the whole program."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from sidecar.errors import UserError
from sidecar.line_writer import LineStream, LineWriter, standard_streams


def test_a_pipe_that_nobody_reads_costs_lines_that_are_counted_and_never_hangs() -> None:
    reading, writing = os.pipe()
    writer = LineWriter(writing, capacity=10)
    line = b"x" * 65_535  # with its newline, all that a pipe holds
    for _ in range(30):
        writer.info(line)
    assert not writer.flush(0.01)
    assert writer.results["dropped"] >= 18
    os.close(reading)  # now writing fails, and the thread comes to its end of the queue
    assert writer.flush(5)
    assert writer.results.total() == 30


def test_a_closed_output_is_counted() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    writer = LineWriter(writing, capacity=10)
    writer.info(b"{}")
    assert writer.flush(5)
    os.close(writing)
    assert writer.results == {"failed": 1}


def streamed(*texts: str) -> list[str]:
    """The lines that arrive when a stream is given these texts, and ends."""
    reading, writing = os.pipe()
    stream = LineStream(LineWriter(writing))
    for text in texts:
        assert stream.write(text) == len(text)
    stream.end()
    os.close(writing)
    with open(reading, encoding="utf-8") as file:
        return file.read().splitlines()


@pytest.mark.parametrize(
    ("texts", "lines"),
    [
        (("whole\n",), ["whole"]),
        (("be", "gun", "\n", "two\nthree\n"), ["begun", "two", "three"]),
        (("not ended",), ["not ended"]),
        (("a lone \ud800 surrogate\n",), ["a lone \\ud800 surrogate"]),
        (("\n",), [""]),
        ((), []),
    ],
)
def test_a_stream_passes_whole_lines_on_and_the_last_one_at_its_end(texts: tuple[str, ...], lines: list[str]) -> None:
    assert streamed(*texts) == lines


@pytest.mark.parametrize("texts", [("x" * 200_000 + "\n",), ("x" * 100_000, "x" * 100_000)])
def test_a_line_without_end_is_cut(texts: tuple[str, ...]) -> None:
    (line,) = streamed(*texts)
    assert len(line) == 65_536


WITHIN = """
import socket, sys
from sidecar.line_writer import standard_streams
with standard_streams():
    {}
"""


def ended(body: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A process that runs this within the streams."""
    command = [*arguments, sys.executable, "-c", WITHIN.format(body)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_process_whose_streams_are_closed_gives_their_numbers_to_no_socket() -> None:
    body = "print('lost'); sys.exit(socket.socket().fileno() > 2)"

    assert ended(body, "/bin/sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh").returncode == 1


def test_what_a_process_said_last_is_written_before_it_ends() -> None:
    done = ended("print('said'); raise ValueError('why')")

    assert (done.returncode, done.stdout) == (1, "said\n")
    assert done.stderr.endswith("    ValueError\n")


def test_no_record_of_the_log_is_forged_and_none_has_credentials() -> None:
    sent = r"'x\n\x1b[31mERROR:sidecar:forged http://me:hush@h/?key=hush'"
    done = ended(f"import logging; logging.getLogger('a').error('said %s', {sent}, exc_info=OSError({sent}))")

    assert "hush" not in done.stderr
    assert "\x1b" not in done.stderr
    first, *traceback = done.stderr.splitlines()
    assert first == r"ERROR:a:said x\x0a\x1b[31mERROR:sidecar:forged http://h/"
    assert traceback == [r"    OSError: x\x0a\x1b[31mERROR:sidecar:forged http://h/"]


def test_a_fault_of_ours_is_said_with_its_traceback_in_one_record() -> None:
    done = ended(r"raise OSError('why\nERROR:forged')")

    assert done.stderr.startswith("CRITICAL:sidecar:")
    assert done.stderr.endswith("    OSError: why\\x0aERROR:forged\n")


def test_an_error_of_the_user_goes_on_to_who_says_it_in_a_line() -> None:
    before = sys.stdout, sys.stderr
    with pytest.raises(UserError), standard_streams():
        raise UserError("x", "is wrong", "Give another")

    assert (sys.stdout, sys.stderr) == before
