"""Lines to a file descriptor that may block: they are queued, and a thread writes them.

Whoever reads the log of a container may stop reading. A full pipe then blocks its writer for ever, and an event loop that is
blocked carries no traffic. So nothing in the two processes writes to standard output or standard error by itself:
`standard_streams` puts a stream over a `LineWriter` in the place of both, and lines that do not fit, or that the descriptor
refuses, are counted. What is written comes from `print`, `logging` and tracebacks, and may repeat what clients and servers
sent: every line loses control characters and credentials of URLs here (`plain_text`), and what belongs to one record of the log
begins with blanks from its second line on, so nobody can forge a record. Neighbours: `app`, and the drift log, which has a
writer of its own.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import queue
import sys
import threading
from collections import Counter
from collections.abc import Iterator

from sidecar.errors import SidecarError
from sidecar.plain_text import one_line, printable, traceback_of

_WAITING_LINES = 1000
_FLUSH_SECONDS = 0.5
_INDENT = "    "
_LINE_CHARACTERS = 65_536
"""A longer line is cut, so that the queue is bounded in bytes too."""


class LineWriter:
    """Writes lines to a file descriptor: they are queued, written by a thread, and dropped and counted if too many wait.

    To structlog it is a logger: the method of each level takes the finished line.
    """

    def __init__(self, descriptor: int, capacity: int = _WAITING_LINES) -> None:
        self.results: Counter[str] = Counter()
        """Lines by what became of them: `sent`, `dropped` or `failed`."""
        self.descriptor = descriptor
        self._queue: queue.Queue[bytes] = queue.Queue(capacity)
        self._thread: threading.Thread | None = None
        self._idle = threading.Condition()
        self._unwritten = 0

    def info(self, line: bytes) -> None:
        """Queue a line; returns at once."""
        if self._thread is None:  # saves the memory of a thread until it is needed
            self._thread = threading.Thread(target=self._run, name="line writer", daemon=True)
            self._thread.start()
        try:
            self._queue.put_nowait(line + b"\n")
        except queue.Full:
            self.results["dropped"] += 1
            return
        with self._idle:
            self._unwritten += 1

    warning = info

    def flush(self, seconds: float = _FLUSH_SECONDS) -> bool:
        """Wait until every line is written; False if `seconds` were not enough."""
        with self._idle:
            return self._idle.wait_for(lambda: self._unwritten == 0, seconds)

    def _run(self) -> None:
        while True:
            line = self._queue.get()
            result = "sent" if self._write(line) else "failed"
            with self._idle:
                self.results[result] += 1
                self._unwritten -= 1
                self._idle.notify_all()

    def _write(self, line: bytes) -> bool:
        try:
            while line:
                line = line[os.write(self.descriptor, line) :]
        except OSError:  # closed, or a full disk: the next line may succeed
            return False
        return True


class LineStream(io.TextIOBase):
    """What `print`, `logging` and tracebacks write to: passes whole lines on to a `LineWriter`."""

    encoding = "utf-8"
    errors = "backslashreplace"

    def __init__(self, lines: LineWriter) -> None:
        super().__init__()
        self._lines = lines
        self._begun = ""

    def fileno(self) -> int:
        """The descriptor that the lines go to."""
        return self._lines.descriptor

    def writable(self) -> bool:
        """Always."""
        return True

    def write(self, text: str) -> int:
        """Takes part of a line, or several; returns at once."""
        *whole, begun = (self._begun + text).split("\n")
        for line in whole:
            self._send(line)
        self._begun = begun[:_LINE_CHARACTERS]
        return len(text)

    def end(self) -> None:
        """Write what is left, as far as it goes at once."""
        if self._begun:
            self._send(self._begun)
            self._begun = ""
        self._lines.flush()

    def _send(self, line: str) -> None:
        self._lines.info(one_line(line[:_LINE_CHARACTERS])[:_LINE_CHARACTERS].encode(self.encoding, self.errors))


class RecordFormatter(logging.Formatter):
    """One record is one line, whatever is in its message; a traceback follows it, each line of it indented."""

    def format(self, record: logging.LogRecord) -> str:
        """Level, logger and message, and the traceback."""
        told = f"{record.levelname}:{record.name}:{printable(record.getMessage())}"
        error = record.exc_info and record.exc_info[1]
        return "\n".join([told, *(_INDENT + line for line in (traceback_of(error) if error else ()))])


class StandardStreams:
    """Both standard streams of this process, once they cannot block."""

    def __init__(self, output: LineWriter, error: LineWriter) -> None:
        self._both = output, error

    @property
    def lost(self) -> int:
        """Lines that nobody will read."""
        return sum(lines.results["dropped"] + lines.results["failed"] for lines in self._both)


@contextlib.contextmanager
def standard_streams() -> Iterator[StandardStreams]:
    """Meanwhile `sys.stdout` and `sys.stderr` do not block. A fault of ours ends the process, since its traceback is written
    while that cannot block either.
    """
    reserve_descriptors()
    before = sys.stdout, sys.stderr
    lines = LineWriter(1), LineWriter(2)
    streams = LineStream(lines[0]), LineStream(lines[1])
    sys.stdout, sys.stderr = streams
    log = logging.StreamHandler(streams[1])
    log.setFormatter(RecordFormatter())
    logging.getLogger().addHandler(log)
    try:
        yield StandardStreams(*lines)
    except SidecarError:
        raise
    except Exception as error:
        logging.getLogger("sidecar").critical("a fault of ours ends this process", exc_info=error)
        raise SystemExit(SidecarError.exit_code) from error
    finally:
        logging.getLogger().removeHandler(log)
        for stream in streams:
            stream.end()
        sys.stdout, sys.stderr = before


def reserve_descriptors() -> None:
    """Open /dev/null in the place of a closed standard descriptor, else the next socket gets its number, and log lines."""
    with contextlib.suppress(OSError):
        while (opened := os.open(os.devnull, os.O_RDWR)) <= 2:  # standard input, output and error
            os.set_inheritable(opened, True)
        os.close(opened)
