"""The demo's client: its requests, and in which order it sends rows."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import RawTestServer

from harness.wire import exchange
from sidecar.commands.demo_traffic import Replay, request
from sidecar.core.reading.decoders import decoders
from sidecar.core.words.frame import Frame, Side
from sidecar.settings import DecodeSettings


def test_the_request_of_a_few_flights_decodes_to_their_features() -> None:
    flights: list[dict[str, Any]] = [{"dep_delay": 3.0, "carrier": "UA"}, {"dep_delay": None, "carrier": "DL"}]
    one = exchange("/v2/models/flights/infer", json.dumps(request(flights, 7)).encode(), b"{}")
    found = decoders(DecodeSettings())
    best = max(found, key=lambda decoder: decoder.priority(one))

    frame = best.request(one, one.request.body)

    assert isinstance(frame, Frame)
    assert (frame.side, frame.names, frame.rows) == (Side.INPUT, ("dep_delay", "carrier"), 2)
    assert list(frame.values) == [3.0, "UA", None, "DL"]


def test_rows_are_sent_in_order_and_again_from_the_start_and_are_counted(tmp_path: Path) -> None:
    for name, first in (("quiet", 0), ("changed", 100)):
        (tmp_path / name).write_text("".join(json.dumps({"x": float(first + at)}) + "\n" for at in range(20)))
    replay = Replay(tmp_path / "quiet", tmp_path / "changed")
    sent: list[float] = []
    ids: list[str] = []

    async def answer(asked: web.BaseRequest) -> web.Response:
        body = await asked.json()
        ids.append(body["id"])
        sent.extend(body["inputs"][0]["data"])
        if len(ids) == 8:
            return web.Response(status=503)
        return web.json_response({})

    async def run() -> None:
        async with RawTestServer(answer) as server, aiohttp.ClientSession() as session:
            url = str(server.make_url("/v2/models/flights/infer"))
            await replay.quiet(session, url, 0.05)
            quiet = len(sent)
            assert 0 < quiet == replay.rows
            with pytest.raises(aiohttp.ClientResponseError, match="503"):
                await replay.changed(session, url, None)
            assert sent == [float(at % 20) for at in range(quiet)] + [
                100.0 + at % 20 for at in range(len(sent) - quiet)
            ]

    asyncio.run(run())
    assert ids == [str(at) for at in range(8)]
    assert replay.requests == 7
