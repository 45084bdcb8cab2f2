"""Options of the injector: read from YAML, checked, and named where they are wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidecar.errors import SettingsError
from sidecar.inject.options import Options, at_least, convert_options, read_options


def test_a_file_is_read_and_an_empty_one_means_the_defaults(tmp_path: Path) -> None:
    file = tmp_path / "options.yaml"
    file.write_text("image: r/s:1\nimage_pull_secrets: [a]\nsettings: {window.rows: 500}\n")
    assert read_options(str(file)) == Options(image="r/s:1", image_pull_secrets=("a",), settings={"window.rows": 500})
    file.write_text("# nothing\n")
    assert read_options(str(file)) == Options()


@pytest.mark.parametrize(
    "tree",
    [{"port": 0}, {"traffic": "magic"}, {"cpu_limit": "much"}, {"image": ""}, {"kubernetes_version": "one"}, {"imge": "a"},
     {"image_pull_secrets": ["A_B"]}, {"settings": {"window.row": 1}}, {"host": "::"}, []],
)  # fmt: skip
def test_what_is_wrong_is_refused(tree: object) -> None:
    with pytest.raises(SettingsError):
        convert_options(tree, "somewhere")


@pytest.mark.parametrize(
    ("version", "minor", "answer"),
    [
        ("1.33", 33, True),
        ("v1.33.2+k3s1", 33, True),
        ("1.32", 33, False),
        ("2.0", 33, True),
        (None, 33, None),
        ("1.9", 29, False),
    ],
)
def test_versions_are_compared_by_number(version: str | None, minor: int, answer: bool | None) -> None:
    assert at_least(version, minor) is answer
