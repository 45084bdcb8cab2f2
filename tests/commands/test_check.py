"""`drift-sidecar check`, and what every command does with bad settings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sidecar import cli
from sidecar.settings.catalogue import catalogue


def test_every_setting_is_printed_with_its_source(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "sidecar.yaml"
    config.write_text("model:\n  name: churn\ntap:\n  sample_ratio: 0.5\n")
    monkeypatch.setenv("SIDECAR_TAP_SAMPLE_RATIO", "0.25")

    assert cli.main(["check", "--config", str(config), "--upstream", "m:1", "--json"]) == 0

    settings = json.loads(capsys.readouterr().out)["settings"]
    assert set(settings) == set(catalogue())
    assert settings["model.name"] == {"value": "churn", "source": f"file {config}"}
    assert settings["tap.sample_ratio"] == {"value": 0.25, "source": "environment"}
    assert settings["upstream"] == {"value": "m:1", "source": "flag"}
    assert settings["listen"]["source"] == "default"


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_credentials_are_not_printed(form: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    address = "https://me:hush@collector:4318/v1/logs?key=hush"
    flags = ["--set", f"otlp.logs_endpoint={address}", "--set", "metrics.merge=/metrics?token=hush"]

    assert cli.main(["check", *flags, *form]) == 0

    printed = capsys.readouterr().out
    assert "https://collector:4318/v1/logs" in printed
    assert "hush" not in printed


def test_the_reference_is_described(reference: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()

    assert cli.main(["check", "--reference", str(reference), "--json"]) == 0

    assert json.loads(capsys.readouterr().out)["reference"]["features"] == {"input": 3, "output": 1}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--set", "tap.body_limt_bytes=1"], ["tap.body_limt_bytes", "Did you mean `tap.body_limit_bytes`?"]),
        (["--set", "tap.body_limit_bytes=many"], ["tap.body_limit_bytes", "many", "int"]),
        (["--set", "tap.sample_ratio=2"], ["tap.sample_ratio", "<= 1"]),
        (["--set", "no-equals"], ["no-equals", "key=value"]),
        (["--upstream", "nowhere"], ["upstream", "HOST:PORT"]),
        (["--config", "absent.yaml"], ["absent.yaml", "cannot be read"]),
    ],
)
@pytest.mark.parametrize("command", ["check", "run"])
def test_a_bad_setting_ends_with_one_message_and_code_2(
    command: str, arguments: list[str], words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([command, *arguments]) == 2

    message = capsys.readouterr().err
    assert all(word in message for word in words), message
    assert message.count("\n") == 1


def test_a_reference_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", "--reference", "absent.json"]) == 2

    assert "absent.json: cannot be read" in capsys.readouterr().err


def test_a_file_that_is_no_yaml_names_the_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "sidecar.yaml"
    config.write_text("a: [1\nb: 2")

    assert cli.main(["check", "--config", str(config)]) == 2

    assert "line 2" in capsys.readouterr().err
