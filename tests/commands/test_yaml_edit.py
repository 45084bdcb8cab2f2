"""A document gets another value, and nothing else of its text changes."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sidecar.commands.yaml_edit import edit, same
from sidecar.commands.yaml_tree import parse, value_of
from tests.commands.yaml_texts import DOCUMENTS, VALUES, texts

DEPLOYMENT = """\
# what it is for
kind: Deployment   # of apps/v1

metadata: {name: fraud,   labels: { a: 'b' }}  # flow
spec:
    # four columns here
    replicas: 0o2
    containers:
    - name: model     # the model
      image: y
      note: >-
        folded

        twice
      script: |+
        keep

    - {name: other, # within braces
       args: [ "-x" ]}
    # after the last
# the end
"""


def between(start: str, end: str) -> str:
    """Part of the text, without its end."""
    return DEPLOYMENT[DEPLOYMENT.index(start) : DEPLOYMENT.index(end)]


def changed(text: str, change: Any) -> str:
    """The text after a function has changed a copy of its value."""
    wanted = copy.deepcopy(value_of(parse(text)))
    change(wanted)
    return edit(text, wanted)


def test_a_value_that_stays_leaves_every_byte() -> None:
    assert edit(DEPLOYMENT, value_of(parse(DEPLOYMENT))) == DEPLOYMENT


@pytest.mark.parametrize(
    ("change", "old", "new"),
    [
        (lambda it: it["spec"]["containers"][0].update(name="app"), "name: model     #", "name: app     #"),
        (lambda it: it["spec"].update(replicas=3), "0o2", "3"),
        (lambda it: it["metadata"]["labels"].update(c="y"), "a: 'b' }", "a: 'b', c: \"y\" }"),
        (lambda it: it["spec"]["containers"][1]["args"].append("z"), '[ "-x" ]', '[ "-x", z ]'),
        (lambda it: it["spec"]["containers"][1].pop("args"), ", # within braces\n       args: [ \"-x\" ]}", "}"),
        (lambda it: it.pop("kind"), "kind: Deployment   # of apps/v1\n", ""),
        (lambda it: it["spec"]["containers"].pop(0), between("    - name", "    - {"), ""),
        (
            lambda it: it["spec"]["containers"][0].update(ports=[{"containerPort": 1}]),
            "        keep\n\n",
            "        keep\n\n      ports:\n      - containerPort: 1\n",
        ),
        (
            lambda it: it["spec"]["containers"].append({"name": "new"}),
            '[ "-x" ]}\n',
            '[ "-x" ]}\n    - name: new\n',
        ),
        (
            lambda it: it.update(status={"a": None}),
            '[ "-x" ]}\n',
            '[ "-x" ]}\nstatus:\n  a: null\n',
        ),
        (lambda it: it["spec"].update(replicas={"a": 1}), "replicas: 0o2\n", "replicas:\n      a: 1\n"),
        (lambda it: it["spec"].update(containers=[]), between("\n    - name", "\n    # after"), " []"),
    ],
    ids=["scalar", "octal", "key in braces", "item in brackets", "out of braces", "first key", "first item",
         "key after a kept break", "item", "key of the root", "scalar to mapping", "block to nothing"],
)  # fmt: skip
def test_only_what_changes_is_written(change: Any, old: str, new: str) -> None:
    assert DEPLOYMENT.count(old) == 1
    assert changed(DEPLOYMENT, change) == DEPLOYMENT.replace(old, new)


def test_lists_are_written_as_deep_as_the_document_s_own() -> None:
    flat, deep = "a:\n- 1\n", "a:\n  - 1\n"
    for text, lead in ((flat, ""), (deep, "  ")):
        assert edit(text, {"a": [1], "b": [2]}) == f"{text}b:\n{lead}- 2\n"


ANCHORS = """\
base: &base {cpu: 1}
env: &env
- name: A
  value: "1"
one:
  resources: {<<: *base, memory: 1Gi}
  env: *env
two:
  <<: [*base]
  env: *env
"""


def test_what_an_alias_shares_is_changed_for_one_and_stays_for_the_other() -> None:
    made = changed(ANCHORS, lambda it: it["one"]["env"].append({"name": "B"}))

    assert made == ANCHORS.replace("  env: *env\ntwo", '  env:\n  - name: A\n    value: "1"\n  - name: B\ntwo')


def test_what_is_changed_at_its_anchor_stays_as_it_was_for_its_aliases() -> None:
    def change(it: Any) -> None:
        it["env"][0]["value"] = "2"
        it["base"]["cpu"] = 5

    value = yaml.safe_load(changed(ANCHORS, change))

    assert value["env"] == [{"name": "A", "value": "2"}]
    assert value["one"] == {"resources": {"cpu": 1, "memory": "1Gi"}, "env": [{"name": "A", "value": "1"}]}
    assert value["two"] == {"cpu": 1, "env": [{"name": "A", "value": "1"}]}


def test_a_key_that_is_merged_in_is_overridden_added_to_or_written_out_without() -> None:
    assert "cpu: 2" in changed(ANCHORS, lambda it: it["two"].update(cpu=2))
    assert "  <<: [*base]\n" in changed(ANCHORS, lambda it: it["two"].update(cpu=2))
    assert "<<" not in changed(ANCHORS, lambda it: it["two"].pop("cpu")).partition("two:")[2]
    assert yaml.safe_load(changed(ANCHORS, lambda it: it.pop("base")))["two"]["cpu"] == 1


def test_of_a_key_that_is_there_twice_the_last_counts() -> None:
    assert edit("a: 1\na: 2\n", {"a": 3}) == "a: 1\na: 3\n"


def test_what_cannot_be_changed_in_place_is_an_error_and_no_wrong_document() -> None:
    with pytest.raises(ValueError, match="cannot be changed in place"):
        edit("? a\n: 1\n", {"a": 1, "b": 2})
    with pytest.raises(ValueError, match="empty"):
        edit("# nothing\n", {"a": 1})


def test_one_true_and_one_point_nought_are_not_the_same() -> None:
    assert not same({"a": 1}, {"a": True})
    assert not same([1], [1.0])
    assert not same([1, 2], [1])
    assert same({"a": 1, "b": [None]}, {"b": [None], "a": 1})


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every place in a value, as its parent and key."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, item in items for place in [(value, key), *places(item)]]


def mutate(draw: st.DrawFn, value: Any) -> None:
    """Set, drop, append or insert something somewhere."""
    found = places(value)
    if not found:
        return
    parent, key = draw(st.sampled_from(found))
    how = draw(st.sampled_from(["set", "drop", "append", "insert"]))
    if how == "drop":
        del parent[key]
    elif how == "set":
        parent[key] = draw(VALUES)
    elif isinstance(parent, dict):
        parent["added"] = draw(VALUES)
    else:
        parent.insert(key if how == "insert" else len(parent), draw(VALUES))


@pytest.mark.slow
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_any_document_can_be_given_any_value_and_keeps_its_comments_where_things_are_only_added(data: Any) -> None:
    value = data.draw(DOCUMENTS)
    text = data.draw(texts(value))
    assert same(value_of(parse(text)), value)
    wanted = copy.deepcopy(value)
    for _ in range(data.draw(st.integers(0, 3))):
        mutate(data.draw, wanted)

    made = edit(text, wanted)  # which reads the result again, and raises if it is another value

    lines = iter(edit(text, {**value, "added": {"list": [{"a": 1, "b": [2]}], "text": "two\nlines\n"}}).splitlines())
    assert all(line in lines for line in text.splitlines()), "every line is there, in the same order"
    assert made == text or not same(value, wanted)
