"""Scrapes the model's own metrics, with one connection per scrape, so that `/metrics` can answer for both.

A model that does not answer, or answers what Prometheus would not read, loses its own metrics and never costs the
sidecar's: the failure is counted by result and logged. Parsing the page is the core's business.
"""

from __future__ import annotations

from collections.abc import Callable

import aiohttp

from sidecar.core.reading.metrics_page import RESULTS, Merging, ModelPage, read_page
from sidecar.core.words.lookalikes import scrubbed
from sidecar.errors import SidecarError
from sidecar.plain_text import without_credentials
from sidecar.settings import Settings

_LIMIT_BYTES = 4 << 20
"""Tens of thousands of samples; a page beyond it would be the most of the sidecar's memory."""
_CHUNK_BYTES = 65_536
_TEXT = "text/plain;version=0.0.4"
_OPENMETRICS = "application/openmetrics-text"
_UNIX = "unix:"
_PATIENCE_SECONDS = 0.1, 5.0
"""Least and most; the most is half of Prometheus's default time for a scrape."""


class ModelScraper:
    """Scrapes, and counts the results; `complain` is called with each failure."""

    def __init__(self, settings: Settings, complain: Callable[[Exception], None]) -> None:
        self._url, self._socket = _place(settings)
        self._shown = without_credentials(self._url)
        self._complain = complain
        self._results = dict.fromkeys(RESULTS, 0)

    async def scrape(self, accept: str, patience: float) -> Merging:
        """The page as it is now. `accept` is the header of the scrape being answered; `patience` is in seconds."""
        page: ModelPage | None = None
        try:
            page = await self._fetch(_OPENMETRICS in accept, patience)
            result = "ok"
        except _AnswerError as error:
            result = error.result
            self._complain(error)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            result = "unreachable"
            self._complain(error)
        except ValueError as error:
            result = "malformed"
            self._complain(_AnswerError(result, scrubbed(str(error))))
        self._results[result] += 1
        return Merging(page, dict(self._results))

    async def _fetch(self, openmetrics: bool, patience: float) -> ModelPage:
        accept = f"{_OPENMETRICS};version=1.0.0,{_TEXT};q=0.5" if openmetrics else _TEXT
        timeout = aiohttp.ClientTimeout(total=patience)
        connector = aiohttp.UnixConnector(self._socket) if self._socket else aiohttp.TCPConnector()
        async with (
            aiohttp.ClientSession(connector=connector, timeout=timeout, headers={"Accept": accept}) as session,
            session.get(self._url, allow_redirects=False) as answer,
        ):
            if answer.status != 200:
                raise _AnswerError("status", f"{self._shown} answered with status {answer.status}")
            told = answer.content_type == _OPENMETRICS
            if told and not openmetrics:
                raise ValueError(f"{self._shown} answered with OpenMetrics, and was asked for text")
            return read_page(await self._body(answer), told)

    async def _body(self, answer: aiohttp.ClientResponse) -> bytes:
        body = bytearray()
        async for chunk in answer.content.iter_chunked(_CHUNK_BYTES):
            body += chunk
            if len(body) > _LIMIT_BYTES:
                raise _AnswerError("too_large", f"{self._shown} answered with more than {_LIMIT_BYTES} bytes")
        return bytes(body)


def patience(told: str) -> float:
    """Seconds that the model may take: half of what Prometheus tells that it gives the whole scrape."""
    least, most = _PATIENCE_SECONDS
    try:
        return max(least, min(most, float(told) / 2))
    except ValueError:
        return most


class _AnswerError(SidecarError):
    """An answer that is no page to merge; `result` is how it is counted."""

    def __init__(self, result: str, why: str) -> None:
        super().__init__(why)
        self.result = result


def _place(settings: Settings) -> tuple[str, str | None]:
    """URL of the page, and the Unix socket to ask at if the model is at one."""
    merge, upstream = settings.metrics.merge, settings.upstream
    if not merge.startswith("/"):
        return merge, None
    if upstream.startswith(_UNIX):
        return f"http://model{merge}", upstream.removeprefix(_UNIX)
    return f"http://{upstream}{merge}", None
