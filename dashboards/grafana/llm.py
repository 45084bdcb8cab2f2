"""LLM: how fast a language model answers, and how much it writes."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard

from dashboards.grafana.frame import POD, board, rows
from dashboards.grafana.panels import Query, graph

_NAME = "{{model_name}} {{model_version}}"
_BY = "model_name, model_version"


def llm() -> Dashboard:
    """The dashboard."""
    text = "Time to first token, time per token, tokens and finish reasons of models with OpenAI's API."
    made = board("llm", "Models: LLM", text, ("namespace", "model", "version", "pod"))
    return rows(made, {"Speed": _speed(), "Tokens": _tokens()})


def _quantile(ratio: float, metric: str) -> str:
    return f"histogram_quantile({ratio}, sum by ({_BY}, le) (rate({metric}_bucket{{{POD}}}[$__rate_interval])))"


def _speed() -> list[object]:
    first, each = "gen_ai_server_time_to_first_token_seconds", "gen_ai_server_time_per_output_token_seconds"
    return [
        graph(
            "Time to first token",
            "50 and 95 % of the answers begin within this.",
            "s",
            Query(_quantile(0.5, first), f"p50 {_NAME}"),
            Query(_quantile(0.95, first), f"p95 {_NAME}"),
        ),
        graph(
            "Time per output token",
            "50 and 95 % of the answers need at most this for each further token.",
            "s",
            Query(_quantile(0.5, each), f"p50 {_NAME}"),
            Query(_quantile(0.95, each), f"p95 {_NAME}"),
        ),
        graph(
            "Answers in flight",
            "Requests that wait for their answer's end.",
            "short",
            Query(f"sum by ({_BY}) (http_server_active_requests{{{POD}}})", _NAME),
        ),
    ]


def _tokens() -> list[object]:
    usage = "gen_ai_client_token_usage"
    ends = "gen_ai_server_time_to_first_token_seconds_count"
    return [
        graph(
            "Tokens",
            "Tokens a second, read and written.",
            "short",
            Query(
                f"sum by (gen_ai_token_type, {_BY}) (rate({usage}_sum{{{POD}}}[$__rate_interval]))",
                f"{{{{gen_ai_token_type}}}} {_NAME}",
            ),
        ),
        graph(
            "Tokens per request",
            "Mean over requests.",
            "short",
            Query(
                " / ".join(
                    f"sum by (gen_ai_token_type) (rate({usage}_{part}{{{POD}}}[$__rate_interval]))"
                    for part in ("sum", "count")
                ),
                "{{gen_ai_token_type}}",
            ),
        ),
        graph(
            "Why answers end",
            "Answers a second by finish reason.",
            "reqps",
            Query(
                f"sum by (gen_ai_response_finish_reason) (rate({ends}{{{POD}}}[$__rate_interval]))",
                "{{gen_ai_response_finish_reason}}",
            ),
        ),
    ]
