"""Manifests as text: documents keep what does not change, whatever they are written like, and errors name the line."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from sidecar.commands import manifest_yaml
from sidecar.commands.manifest_yaml import join, read, write

EXAMPLES = sorted((Path(__file__).parents[2] / "k8s" / "examples").glob("*.yaml"))
LAUGHS = "a: &a [1,1,1,1,1,1,1,1,1,1]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]\n" for old, new in pairwise("abcdefg")
)
"""Aliases of aliases: ten million values in a few lines."""
HEADS = "# licence\n---\na: 1 # one\n---\n# between\nb: |\n  --- not a head\n---   # trailing\n\n...\n---\n- c"


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_comes_back_byte_by_byte(path: Path) -> None:
    text = path.read_text()
    assert join(read(text)) == text


@pytest.mark.parametrize(
    "text", [HEADS, "", "\n", "# only a comment\n", "a: 1", "%YAML 1.1\n---\na: 1\n", "a: 1\r\n---\r\nb: 2\r\n"]
)
def test_whatever_does_not_change_comes_back_byte_by_byte(text: str) -> None:
    assert join(read(text)) == text


def test_documents_are_told_apart_by_their_heads_alone() -> None:
    assert [document.value for document in read(HEADS)] == [{"a": 1}, {"b": "--- not a head\n"}, None, ["c"]]
    assert [document.value for document in read("%YAML 1.1\n---\na: 1\n")] == [{"a": 1}]


def test_a_document_that_changes_keeps_its_head_its_comments_and_its_neighbours() -> None:
    first, second, *others = read(HEADS)

    made = join([first.with_value({"a": 1, "new": "y"}), second, *others])

    assert made == HEADS.replace("a: 1 # one\n", 'a: 1 # one\nnew: "y"\n')


def test_lines_that_end_in_two_characters_still_do() -> None:
    (document,) = read("a: 1 # one\r\nb: |\r\n  two\r\n")
    assert document.value == {"a": 1, "b": "two\n"}
    assert (
        join([document.with_value({"a": 1, "b": "two\n", "c": [1]})]) == "a: 1 # one\r\nb: |\r\n  two\r\nc:\r\n- 1\r\n"
    )


def test_documents_of_several_files_are_told_apart() -> None:
    made = join([*read("a: 1"), *read("b: 2\n"), *read("# c\n---\nc: 3\n")])
    assert made == "a: 1\n---\nb: 2\n# c\n---\nc: 3\n"
    assert list(yaml.safe_load_all(made)) == [{"a": 1}, {"b": 2}, {"c": 3}]


def test_json_stays_json_even_with_tabs() -> None:
    (document,) = read('{\n\t"a": [1, "y"],\n\t"b": "é"\n}\n')
    assert document.value == {"a": [1, "y"], "b": "é"}
    made = join([document.with_value({**document.value, "c": None})])
    assert json.loads(made) == {"a": [1, "y"], "b": "é", "c": None}
    assert '\n  "b": "é",\n' in made


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("image: y", {"image": True}),
        ('image: "y"', {"image": "y"}),
        ("mode: 0644", {"mode": 420}),
        ("a: !!str 5", {"a": "5"}),
        ("a: !!int '5'", {"a": 5}),
        ("a: !!float 5", {"a": 5}),
        ("y: 1\n8080: b\n~: c", {"true": 1, "8080": "b", "null": "c"}),
        ("a: &x {b: 1}\nc: *x", {"a": {"b": 1}, "c": {"b": 1}}),
        ("a: &x {b: 1, c: 2}\nd: {c: 3, <<: *x}", {"a": {"b": 1, "c": 2}, "d": {"b": 1, "c": 3}}),
        (
            "a: &x {b: 1}\ne: &y {b: 2, c: 2}\nd:\n  <<: [*x, *y]",
            {"a": {"b": 1}, "e": {"b": 2, "c": 2}, "d": {"b": 1, "c": 2}},
        ),
        ('"<<": 1', {"<<": 1}),
        ("a: 2024-01-01", {"a": "2024-01-01"}),
        ("\ufeffa: 1", {"a": 1}),
    ],
)
def test_a_document_means_what_it_means_to_kubernetes(text: str, value: Any) -> None:
    assert [document.value for document in read(text)] == [value]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: 1\n---\nb:\n\tc: 1\n", ["line 4, column 1", "not with tabs"]),
        ("a: [", ["line 1"]),
        ("a: 1\n---\nb: 1\n---\nc: *gone\n", ["line 5, column 4", "alias *gone has no anchor"]),
        ("a: !Ref b\n", ["line 1, column 4", "!Ref"]),
        ("a: !!timestamp 2024-01-01\n", ["timestamp"]),
        ("a: !!int x\n", ["int"]),
        ("[a]: 1\n", ["line 1", "key must be text"]),
        ("<<: 1\n", ["document at line 1", "merge key"]),
        ("a: 1\n...\nb: 2\n", ["line 3", "document start"]),
        ("a: b: c\n", ["line 1, column 5"]),
        ("a: \x00\n", ["document at line 1"]),
        ("a: " + "[" * 3000, ["nested too deep"]),
        (LAUGHS, ["1000000 values"]),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_named_with_its_line(text: str, words: list[str]) -> None:
    with pytest.raises(ValueError, match=re.escape(words[0])) as error:
        read(text)
    assert all(word in str(error.value) for word in words), str(error.value)


def test_new_documents_each_have_a_head() -> None:
    assert write([{"b": 1, "a": "y"}, [1]]) == '---\nb: 1\na: "y"\n---\n- 1\n'


@pytest.mark.parametrize(
    ("plain", "value"),
    [("y", True), ("off", False), ("1:30", "1:30"), ("2024-01-01", "2024-01-01"), ("1e3", 1000.0), ("0644", 420), ("0x10", 16),
     ("1_000", 1000), ("-5", -5), (".5", 0.5), ("1.4", 1.4), ("1.4.0", "1.4.0"), ("~", None), ("=", "=")],
)  # fmt: skip
def test_plain_words_are_read_as_kubernetes_reads_them(plain: str, value: Any) -> None:
    (document,) = read(f"a: {plain}")
    assert document.value == {"a": value}
    assert type(document.value["a"]) is type(value)


@pytest.mark.parametrize(
    "text",
    ["y", "N", "on", "1e3", "0644", "1:30", "2024-01-01", "~", "null", "", " a", "a: b", "#", "a\nb\n", "é", "=", "<<"],
)
def test_text_stays_text_in_quotes_where_another_reader_might_take_it_for_something_else(text: str) -> None:
    written = manifest_yaml.write([{"a": text}])
    assert yaml.safe_load(written) == {"a": text}
    assert [document.value for document in read(written)] == [{"a": text}]
    if text.lower() in ("y", "n", "on", "1e3", "0644"):
        assert f'"{text}"' in written
