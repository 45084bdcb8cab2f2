"""The demo's story: what the sidecar said, told as it comes, and whether it should have said it.

Knows lines of the drift log and answers of the API, as any reader of them would; it opens no connection itself.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.text import Text

from sidecar.core.words.events import ALL_FEATURES

_SAID = ("warning", "drift")
_SHIFTS = 2
"""Bins that are shown with an alarm."""


class Story:
    """Hears verdicts, and judges them by the row at which the traffic changed."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._changed_at: int | None = None
        self._false_alarms: list[str] = []
        self._alarms: dict[str, int] = {}  # feature: rows after the change

    def change(self, rows: int) -> None:
        """From now on the traffic is another; `rows` were sent before."""
        self._changed_at = rows

    def hear(self, line: bytes) -> None:
        """A line of the drift log; what is not about a verdict is passed over."""
        try:
            event = json.loads(line)
        except ValueError:
            return
        if isinstance(event, dict) and event.get("event") == "verdict_changed" and event["state"] in _SAID:
            self._said(event)

    def _said(self, event: dict[str, Any]) -> None:
        feature = "(all features together)" if event["feature"] == ALL_FEATURES else event["feature"]
        what = f"{event['side']} {feature}"
        rows, state = event["rows_seen"], event["state"]
        if self._changed_at is None or rows <= self._changed_at:
            if state == "drift":
                self._false_alarms.append(what)
            self.tell(f"{state} on {what} after {rows:,} rows, though nothing had changed", "red")
            return
        after = rows - self._changed_at
        lead = ""
        if state == "drift":
            lead = "" if self._alarms else "FIRST ALARM: "
            self._alarms.setdefault(what, after)
        self.tell(f"{lead}{state} on {what}, {after:,} rows after the change", _style(state))
        if event.get("changed"):
            self._console.print(Text(f"             {event['changed']}"))
        for shift in event["shifts"][:_SHIFTS]:
            moved = f"{shift['range']}: {shift['reference_ratio']:.1%} of the rows -> {shift['live_ratio']:.1%}"
            self._console.print(Text(f"             {moved}", style="dim"))

    def look(self, rows: int, features: Iterable[dict[str, Any]]) -> None:
        """How it stands, of `/api/v1/features`."""
        judged = [one for one in features if one["state"] != "insufficient"]
        drifted = sum(one["state"] == "drift" for one in judged)
        text = f"{rows:,} rows sent; {drifted} of {len(judged)} features have drifted"
        near = max(judged, key=lambda one: one["evidence"] / one["threshold"], default=None)
        if near is not None and not drifted:
            figures = f"its evidence is 10^{near['evidence']:.1f}, an alarm needs 10^{near['threshold']:.1f}"
            text += f"; nearest is {near['side']} {near['feature']}: {figures}"
        self.tell(text, "dim")

    def judge(self) -> int:
        """The end of the story: 0 only if no alarm came before the change, and one after it."""
        if self._false_alarms:
            self.tell(f"an alarm came before the change: {', '.join(self._false_alarms)}", "bold red")
        elif not self._alarms:
            self.tell("no alarm came after the change", "bold red")
        else:
            rows = ", ".join(f"{what} +{after:,}" for what, after in self._alarms.items())
            self.tell(f"no alarm before the change; alarms after it (rows): {rows}", "bold green")
        return int(bool(self._false_alarms) or not self._alarms)

    def tell(self, text: str, style: str = "") -> None:
        """One line with the time of day."""
        clock = time.strftime("%H:%M:%S")
        self._console.print(Text.assemble((f"[{clock}] ", "dim"), (text, style)), soft_wrap=True)


def _style(state: str) -> str:
    return "bold red" if state == "drift" else "yellow"
