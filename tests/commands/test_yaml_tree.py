"""A document's tree knows where each part stands in the text."""

from __future__ import annotations

import pytest

from sidecar.commands.yaml_tree import Alias, Mapping, Scalar, Sequence, parse, value_of

TEXT = """\
a: &x 'one'   # why
b:
  - {c: 1}
  -
    # inside
    d: |+
      kept

  - *x
e:
"""


def test_each_part_is_where_the_text_says() -> None:
    root = parse(TEXT)
    assert isinstance(root, Mapping)
    a, b, e = root.entries

    assert TEXT[a.node.start : a.node.end] == "&x 'one'"
    assert TEXT[b.start : b.after] == "b:"
    assert isinstance(b.node, Sequence)
    first, second, third = b.node.items
    assert [TEXT[item.start : item.after] for item in b.node.items] == ["-", "-", "-"]
    assert TEXT[first.node.start : first.node.end] == "{c: 1}"
    assert TEXT[second.node.start : second.node.end] == "d: |+\n      kept\n"
    assert isinstance(third.node, Alias)
    assert third.node.target is a.node
    assert isinstance(e.node, Scalar)
    assert e.node.start == e.node.end == len(TEXT) - 1
    assert root.end == e.node.end


def test_a_block_ends_before_the_comments_that_follow_it() -> None:
    root = parse("a:\n  b: |\n    text\n\n# c\n")
    assert root is not None
    assert root.end == len("a:\n  b: |\n    text")


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "--- # head\n"])
def test_an_empty_document_is_null(text: str) -> None:
    assert value_of(parse(text)) is None
