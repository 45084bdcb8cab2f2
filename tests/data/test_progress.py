"""Progress is for terminals alone."""

from __future__ import annotations

import pytest

from sidecar.data.progress import Silent, bar


def test_where_stderr_is_no_terminal_nothing_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with bar(100, "reading") as progress:
        progress.advance(60)
        progress.advance(60)  # more than there is does no harm
    Silent().advance(5)

    assert capsys.readouterr() == ("", "")


def test_on_a_terminal_the_bar_says_what_is_read_and_how_far(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # to rich, that is a terminal
    monkeypatch.setenv("COLUMNS", "100")

    with bar(2_000, "reading rows.csv") as progress:
        progress.advance(1_000)

    shown = capsys.readouterr().err
    assert "reading rows.csv" in shown
    assert "1.0/2.0 kB" in shown
