"""`drift-sidecar inject`: where manifests and options come from, and what is said of wrong ones."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import yaml

from sidecar import cli
from tests.inject.manifest_cases import containers, manifest, run, values


def test_manifests_come_from_stdin_and_warnings_go_to_stderr_with_the_object_s_name(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    given = manifest("Deployment")
    del given["spec"]["template"]["spec"]["containers"][0]["ports"][0]["name"]
    monkeypatch.setattr("sys.stdin", io.StringIO(yaml.safe_dump(given)))

    assert cli.main(["inject", "-f", "-"]) == 0

    printed = capsys.readouterr()
    assert "Deployment/fraud: port 8080 of container model has no name" in printed.err
    assert containers(values(printed.out)) == ["model", "drift-sidecar"]


def test_options_come_from_a_file_and_flags_win(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "options.yaml"
    config.write_text("image: from-file:1\nkubernetes_version: '1.34'\nsettings: {window.rows: 500}\n")

    (made,) = run(tmp_path, capsys, yaml.safe_dump(manifest("Pod")), "--config", str(config), "--image", "flag:1")

    sidecar = made["spec"]["initContainers"][0]
    assert sidecar["image"] == "flag:1"
    assert {"name": "SIDECAR_WINDOW_ROWS", "value": "500"} in sidecar["env"]


@pytest.mark.parametrize(
    ("given", "options", "words"),
    [
        ("kind: Pod", "", ["Pod/?", "spec"]),
        ("kind: Deployment\nmetadata: {name: a}\nspec: {template: 1}", "", ["Deployment/a", "template"]),
        ("kind: InferenceService\nmetadata: {name: a}\nspec: {predictor: {model: {}}}", "", ["a", "webhook"]),
        ("a: [", "", ["given.yaml", "is not YAML"]),
        ("a: 1", "image: 1", ["options.yaml", "image"]),
        ("a: 1", "imge: x", ["options.yaml", "imge"]),
        ("a: 1", "settings: {window.row: 1}", ["window.row", "Did you mean `window.rows`?"]),
        ("a: 1", "a: [", ["options.yaml", "is not YAML"]),
    ],
)
def test_what_is_wrong_is_named_with_code_2_and_nothing_is_printed(
    given: str, options: str, words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "given.yaml").write_text(given)
    (tmp_path / "options.yaml").write_text(options)

    code = cli.main(["inject", "-f", str(tmp_path / "given.yaml"), "--config", str(tmp_path / "options.yaml")])

    printed = capsys.readouterr()
    assert code == 2
    assert printed.out == ""
    assert all(word in printed.err for word in words), printed.err


def test_a_file_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["inject", "-f", "absent.yaml"]) == 2
    assert cli.main(["inject", "-f", "-", "--config", "absent.yaml"]) == 2
    assert capsys.readouterr().err.count("absent.yaml: cannot be read") == 2
