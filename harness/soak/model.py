"""The model of a soak, a process of its own: compares each request with what must have been asked, and answers it.

`python -m harness.soak.model PORT` serves until it is ended. SIGUSR1 makes it answer rubbish, SIGUSR2 sense again.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import signal
import sys

import uvloop

from harness.soak.exchanges import DIFFERS, RUBBISH, Kind, spoken
from sidecar.proxy.head import BLANK_LINE

_BETWEEN_PIECES_SECONDS = 0.002


class SoakModel:
    """Serves connections. `mad` makes it answer rubbish."""

    def __init__(self) -> None:
        self.mad = False
        self._rubbish = itertools.cycle(RUBBISH)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until either side ends it."""
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while await self._exchange(reader, writer):
                await writer.drain()
        writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = await reader.readuntil(BLANK_LINE)
        asked = spoken(head)
        if self.mad:
            writer.write(next(self._rubbish))
            return False
        if asked is None:
            writer.write(DIFFERS)
            return False
        kind, number = asked
        expected = kind.asks(number)
        body = await reader.readexactly(len(expected) - len(head)) if len(expected) > len(head) else b""
        if head + body != expected:
            writer.write(DIFFERS)
            return False
        await self._answer(kind, number, writer)
        return not kind.closes

    async def _answer(self, kind: Kind, number: int, writer: asyncio.StreamWriter) -> None:
        first, *others = kind.answers(number)
        writer.write(first)
        for piece in others:
            await asyncio.sleep(_BETWEEN_PIECES_SECONDS)
            if writer.transport.is_closing():  # the client has vanished
                return
            writer.write(piece)


async def main(port: int) -> None:
    """Serve until the process is ended."""
    model = SoakModel()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGUSR1, setattr, model, "mad", True)
    loop.add_signal_handler(signal.SIGUSR2, setattr, model, "mad", False)
    server = await asyncio.start_server(model.serve, "127.0.0.1", port, limit=65_536, backlog=512)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
