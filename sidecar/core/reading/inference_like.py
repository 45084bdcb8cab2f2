"""Whether an exchange that nobody declared is an inference: by its path, its request and its answer.

JSON and CSV pass by a model's port that are no rows of features: logins, users, searches, prompts. What a decoder merely
guesses is therefore taken for a model's input only if three things agree (docs/metrics.md):

- no part of the path says otherwise (`login`, `users`, `chat`, ...), unless it ends in what models do (`predict`, `score`);
- the request reads as rows of features: none is called like a credential, and they hold numbers, or labels where the path
  is a model's;
- it was accepted (`decode.statuses`), and the answer reads as predictions: numbers, labels or probabilities, for as many rows.

What fails is counted, forwarded and neither learned nor named. Decoders say by their priority that they guess.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from sidecar.core.words.exchange import Exchange
from sidecar.core.words.frame import Frame, Side
from sidecar.core.words.lookalikes import is_credential

GUESS = 0.2
"""A decoder that claims an exchange with at most this priority guesses."""
_VERBS = frozenset(
    {"predict", "predictions", "prediction", "score", "scoring", "scores", "infer", "inference", "invocations",
     "invoke", "classify", "classification", "regress", "regression", "forecast", "estimate", "evaluate", "detect",
     "recommend", "rank", "predictproba", "proba"}
)  # fmt: skip
_NEVER = frozenset(
    {"login", "logins", "logout", "signin", "signup", "signout", "register", "registration", "auth", "oauth",
     "oauth2", "oidc", "sso", "token", "tokens", "password", "passwords", "session", "sessions", "credential",
     "credentials", "verify", "admin", "graphql", "search", "chat", "completion", "completions", "conversation",
     "conversations", "assistant", "assistants", "prompt", "prompts", "generate", "ask", "embed", "embedding",
     "embeddings", "rerank", "tokenize", "detokenize", "responses", "upload", "uploads", "payment", "payments",
     "checkout", "webhook", "webhooks", "feedback", "mail", "email", "sms", "contact", "subscribe"}
)  # fmt: skip
"""Words in a path where something else than rows of features is sent, even if it goes on with a verb."""
_UNLESS_VERB = frozenset(
    {"user", "users", "account", "accounts", "profile", "profiles", "customer", "customers", "message", "messages",
     "file", "files", "order", "orders", "cart", "comment", "comments", "post", "posts", "event", "events", "log",
     "logs", "metric", "metrics", "telemetry", "track", "tracking", "collect", "query", "queries", "config",
     "settings", "repository", "health", "job", "jobs", "task", "tasks", "document", "documents", "notification",
     "notifications", "address", "addresses", "member", "members"}
)  # fmt: skip
"""The same, unless the last part of the path says what models do (`/orders/score`)."""
_ANSWER_WORDS = frozenset(
    {"prediction", "predictions", "predicted", "predict", "score", "scores", "label", "labels", "class", "classes",
     "probability", "probabilities", "proba", "prob", "probs", "confidence", "logit", "logits", "result", "results",
     "output", "outputs", "risk", "forecast", "estimate", "target", "y", "yhat", "value", "values", "anomaly",
     "cluster"}
)  # fmt: skip
_BOOKKEEPING = frozenset(
    {"id", "ids", "status", "code", "ok", "success", "error", "errors", "message", "count", "total", "page", "size",
     "limit", "offset", "created", "updated", "expires", "ttl", "took", "took_ms", "time", "timestamp", "version",
     "token"}
)  # fmt: skip
_RECEIPTS = frozenset(
    {"ok", "success", "done", "accepted", "created", "updated", "deleted", "error", "failed", "valid", "invalid"}
)
"""Answers that say what became of a request."""
_WORDS = re.compile(r"[A-Z]?[a-z]+\d?|[A-Z]+(?![a-z])|[^\W\d_A-Za-z]+")
_NUMBER = re.compile(r"\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?\s*")
_LABEL_CHARACTERS = 64
_LOOK_CELLS = 2_000
"""Cells of a message that are looked at, so that a large one costs no more."""
_MOSTLY = 0.5


def path_allows(path: str) -> bool:
    """Whether the path may be a model's. `path` has no query."""
    words = _words(path)
    return words.isdisjoint(_NEVER) and (words.isdisjoint(_UNLESS_VERB) or _is_models(path))


def priority_by_content_type(exchange: Exchange, declared: frozenset[str]) -> float:
    """Of a decoder that knows its messages by their content type: high on the path of a protocol or a declared one, elsewhere
    that of a guess.
    """
    if {exchange.path, exchange.route} & declared or exchange.path.endswith(("/invocations", "/invoke")):
        return 0.9
    return GUESS if path_allows(exchange.path) else 0.0


def looks_like_inference(exchange: Exchange, frames: Sequence[Frame]) -> bool:
    """Whether request and answer are an inference; `frames` are what was read of them. The answer's status was accepted."""
    by_side = {frame.side: frame for frame in frames}
    asked, answered = by_side.get(Side.INPUT), by_side.get(Side.OUTPUT)
    if asked is None or answered is None:
        return False
    if any(map(is_credential, answered.names or ())):
        return False
    fits = asked.rows in (answered.rows, 1) or answered.rows == 1
    labels_will_do = {"label", "score"} <= set(answered.names or ())
    is_request = reads_as_request(exchange, asked, labels_will_do)
    return fits and is_request and _reads_as_predictions(answered, _is_models(exchange.path))


def reads_as_request(exchange: Exchange, asked: Frame, labels_will_do: bool = False) -> bool:
    """Whether path and request alone may be an inference's."""
    if not path_allows(exchange.path) or any(map(is_credential, asked.names or ())):
        return False
    return _reads_as_features(asked, labels_will_do or _is_models(exchange.path))


def _reads_as_features(frame: Frame, labels_will_do: bool) -> bool:
    if frame.vectors:
        return True
    present = _present(frame.values)
    return bool(present) and (labels_will_do or _numeric(present) >= _MOSTLY * len(present))


def _reads_as_predictions(frame: Frame, of_model: bool) -> bool:
    """Numbers, truths or short labels; on another path than a model's they have to be called predictions, or be numbers alone."""
    if frame.vectors:
        return True
    present = _present(frame.values)
    if not present or any(isinstance(value, str) and len(value) > _LABEL_CHARACTERS for value in present):
        return False
    if of_model:
        return True
    if _names_predictions(frame):
        return _RECEIPTS.isdisjoint(value.lower() for value in present if isinstance(value, str))
    told = {name.lower() for name in frame.names or ()}
    return _numeric(present) == len(present) and told.isdisjoint(_BOOKKEEPING) and {*map(type, present)} != {bool}


def _names_predictions(frame: Frame) -> bool:
    """Whether the columns of an answer are called as predictions are, bookkeeping aside."""
    return any(_words(name) & _ANSWER_WORDS for name in frame.names or ())


def _is_models(path: str) -> bool:
    """Whether the last part of a path says what models do; a version or number may follow."""
    parts = [part for part in path.split("/") if part and not part.isdigit()]
    return bool(parts) and bool(_words(parts[-1]) & _VERBS)


def _words(text: str) -> set[str]:
    """The words in a name or path, and each two that follow each other as one: `SignIn` and `sign-in` are `signin` too."""
    words = [word.lower() for word in _WORDS.findall(text)]
    return {*words, *map("".join, pairwise(words))}


def _present(values: Any) -> list[Any]:
    first = values[:_LOOK_CELLS]
    cells = first.tolist() if isinstance(first, np.ndarray) else first
    return [value for value in cells if value is not None and value != ""]


def _numeric(values: Iterable[Any]) -> int:
    """Values that are numbers, also as texts, or truths."""
    return sum(isinstance(value, int | float) or _NUMBER.fullmatch(value) is not None for value in values)
