"""Getting the demo ready; tests/path/test_demo.py tells the whole story."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from sidecar import cli
from sidecar.commands.demo import _made, _until_ready
from sidecar.commands.demo_processes import process
from sidecar.errors import SidecarError


def test_a_process_that_ends_at_once_is_named_without_waiting_for_it_to_be_ready() -> None:
    async def start() -> None:
        async with process(sys.executable, "-c", "raise SystemExit(3)") as running:
            await running.wait()
            await _until_ready("http://127.0.0.1:1/readyz", {"model server": running})

    with pytest.raises(SidecarError, match="the model server ended at once, with exit code 3"):
        asyncio.run(start())


def test_without_its_packages_the_demo_says_how_to_get_them(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)

    assert cli.main(["demo"]) == 2

    message = capsys.readouterr().err
    assert "sklearn" in message
    assert "make demo" in message


def test_two_demos_that_prepare_at_once_both_find_the_whole_folder(tmp_path: Path) -> None:
    program, data = tmp_path / "prepare.py", tmp_path / "cache" / "made"
    program.write_text(
        "import pathlib, sys, time\n"
        "folder = pathlib.Path(sys.argv[1])\n"
        "folder.mkdir()\n"
        "time.sleep(0.2)\n"
        "(folder / 'model').write_text('whole')\n"
        "(folder / 'training.csv').write_text('age,predicted_delay\\n' + '1,2\\n3,4\\n' * 50)\n"
    )

    async def prepare_twice() -> None:
        await asyncio.gather(_made(program, data), _made(program, data))

    asyncio.run(prepare_twice())

    assert (data / "model").read_text() == "whole"
    assert [path.name for path in data.parent.iterdir()] == ["made"]
