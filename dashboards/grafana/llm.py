"""LLM: how fast a language model answers, and how much it writes."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard

from dashboards.grafana.frame import POD, board, rows
from dashboards.grafana.panels import Query, graph
from dashboards.grafana.promql import BY_MODEL, legend, quantiles, rate, rates

_UNTIL_FIRST = "gen_ai_server_time_to_first_token_seconds"
_PER_TOKEN = "gen_ai_server_time_per_output_token_seconds"  # noqa: S105  # a metric, no password
_USAGE = "gen_ai_client_token_usage"


def llm() -> Dashboard:
    """The dashboard."""
    text = "Time to first token, time per token, tokens and finish reasons of models with OpenAI's API."
    made = board("llm", "Models: LLM", text, ("namespace", "model", "version", "pod"))
    return rows(made, {"Speed": _speed(), "Tokens": _tokens()})


def _speed() -> list[object]:
    return [
        graph(
            "Time to first token",
            "50 and 95 % of the answers begin within this.",
            "s",
            *quantiles(_UNTIL_FIRST, POD, 0.5, 0.95),
        ),
        graph(
            "Time per output token",
            "50 and 95 % of the answers need at most this for each further token.",
            "s",
            *quantiles(_PER_TOKEN, POD, 0.5, 0.95),
        ),
        graph(
            "Answers in flight",
            "Requests that wait for their answer's end.",
            "short",
            Query(f"sum by ({BY_MODEL}) (http_server_active_requests{{{POD}}})", legend(BY_MODEL)),
        ),
    ]


def _tokens() -> list[object]:
    by_type = "gen_ai_token_type"
    per_request = " / ".join(rate(f"{_USAGE}_{part}", by_type, POD) for part in ("sum", "count"))
    return [
        graph(
            "Tokens",
            "Tokens a second, read and written.",
            "short",
            rates(f"{_USAGE}_sum", f"{by_type}, {BY_MODEL}", POD),
        ),
        graph(
            "Tokens per request",
            "Mean over requests.",
            "short",
            Query(per_request, legend(by_type)),
        ),
        graph(
            "Why answers end",
            "Answers a second by finish reason.",
            "reqps",
            rates(f"{_UNTIL_FIRST}_count", "gen_ai_response_finish_reason", POD),
        ),
    ]
