"""Paths to route templates, so that a label never carries what a client chose.

Known are the paths of the servers we stand beside; users add their own in `http.routes`. Anything else is `other`.
"""

from __future__ import annotations

from collections.abc import Iterable

from sidecar.core.words.templates import pattern_of

OTHER = "other"

KNOWN = (
    "/v2/models/{model}/infer",
    "/v2/models/{model}/versions/{version}/infer",
    "/v2/models/{model}/infer_stream",
    "/v2/models/{model}/generate",
    "/v2/models/{model}/generate_stream",
    "/v2/models/{model}/ready",
    "/v2/models/{model}",
    "/v2",
    "/v1/models/{model}:predict",
    "/v1/models/{model}:explain",
    "/v1/models/{model}:classify",
    "/v1/models/{model}:regress",
    "/v1/models/{model}/versions/{version}:predict",
    "/v1/models/{model}/labels/{label}:predict",
    "/v1/models/{model}/metadata",
    "/v1/models/{model}",
    "/v1/models",
    "/v1/chat/completions",
    "/v1/completions",
    "/v1/embeddings",
    "/v1/responses",
    "/v1/messages",
    "/v1/rerank",
    "/v1/score",
    "/openai/v1/chat/completions",
    "/openai/v1/completions",
    "/openai/v1/embeddings",
    "/openai/v1/models",
    "/api/v1.0/predictions",
    "/api/v0.1/predictions",
    "/api/v1.0/feedback",
    "/invocations",
    "/models/{model}/invoke",
    "/predict",
    "/predictions/{model}",
    "/predictions/{model}/{version}",
    "/explanations/{model}",
    "/score",
    "/generate",
    "/generate_stream",
    "/tokenize",
    "/pooling",
    "/classify",
    "/metrics",
    "/version",
    "/",
)
_CACHED = 4096


class Routes:
    """Looks a path up; remembers the answer for the paths it saw last."""

    def __init__(self, extra: Iterable[str] = ()) -> None:
        self._patterns = [(template, pattern_of(template)) for template in (*extra, *KNOWN)]
        self._cache: dict[bytes, str] = {}

    def match(self, target: bytes) -> str:
        """The template of a request target (its query is ignored), or `other`."""
        path = target.partition(b"?")[0]
        route = self._cache.get(path)
        if route is None:
            route = self._search(path.decode("latin-1"))
            if len(self._cache) >= _CACHED:  # paths can be made up without end
                self._cache.clear()
            self._cache[path] = route
        return route

    def _search(self, path: str) -> str:
        return next((template for template, pattern in self._patterns if pattern.fullmatch(path)), OTHER)
