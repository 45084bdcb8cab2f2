"""Scalars are read as kubectl reads them, and written so that nobody misreads them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from sidecar.commands.yaml_scalars import dump, read_plain

KUBECTL = Path(sys.executable).with_name("kubectl")
PLAIN = [
    "y", "Y", "n", "yes", "Yes", "yEs", "on", "OFF", "Off", "true", "TRUE", "tRue", "False",
    "null", "NULL", "nUll", "~", "1", "-5", "+5", "-0", "0", "00", "0644", "0o17", "0x1F", "0b11", "08", "1_000", "1_0.5",
    "_1", "1__0", "1e3", "1E3", "1e+3", "1.5e-3", ".5", "-.5", "5.", "1.4", "1.4.0", "1:30", "190:20:30", "2024-01-01",
    "2024-01-01T00:00:00Z", "9223372036854775807", "0x", "e3", ".", "1e", "=", "a:b", "500m", "1Gi",
]  # fmt: skip
"""Words without quotes that readers of YAML disagree about."""


def test_plain_words_are_read_as_kubectl_reads_them(tmp_path: Path) -> None:
    file = tmp_path / "map.yaml"
    words = "".join(f"  k{number}: {word}\n" for number, word in enumerate(PLAIN))
    file.write_text(f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata:\n{words}")
    run = [str(KUBECTL), "annotate", "--local", "-f", str(file), "-o", "json", "a=b"]
    data = json.loads(subprocess.run(run, capture_output=True, check=True).stdout)["data"]

    for number, word in enumerate(PLAIN):
        theirs, ours = data.get(f"k{number}"), read_plain(word)
        assert ours == theirs, word
        assert isinstance(ours, str) == isinstance(theirs, str), word
        assert isinstance(ours, bool) == isinstance(theirs, bool), word


@pytest.mark.parametrize(
    "text",
    ["y", "N", "on", "1e3", "0644", "1_000", "1:30", "2024-01-01", "~", "null", "", " a", "a: b", "#", "a\nb\n", "é", "=", "<<",
     "two\n\nlines", "\ttab", "trailing ", "- a", "{", "\u2028", "\x07"],
)  # fmt: skip
@pytest.mark.parametrize("flow", [False, True])
def test_text_stays_text_for_every_reader(text: str, flow: bool) -> None:
    written = dump({"a": text}, flow=flow)

    assert yaml.safe_load(written) == {"a": text}
    assert yaml.load(written, yaml.BaseLoader) == {"a": text}


def test_words_that_a_reader_might_take_for_a_value_are_quoted() -> None:
    assert dump(["y", "1e3", "0644", "on", "a"], flow=True) == '["y", "1e3", "0644", "on", a]\n'


def test_lists_are_as_deep_as_asked_and_nothing_is_an_alias() -> None:
    shared: list[Any] = [1]
    assert dump({"a": shared, "b": shared}) == "a:\n- 1\nb:\n- 1\n"
    assert dump({"a": shared}, indented=True) == "a:\n  - 1\n"
