"""Words for on and off, and whom the webhook is asked about."""

from __future__ import annotations

from typing import Any

import pytest

from sidecar.inject.wishes import INJECT, asks, is_sent, namespace_word, read_word, word_of


def pod(label: str | None = None, annotation: str | None = None) -> dict[str, Any]:
    labels = {} if label is None else {INJECT: label}
    annotations = {} if annotation is None else {INJECT: annotation}
    return {"metadata": {"labels": labels, "annotations": annotations}}


@pytest.mark.parametrize(
    ("meaning", "texts"),
    [
        ("on", ["enabled", "true", "yes", "on", "True", "YES", " on ", "eNabled"]),
        ("off", ["disabled", "false", "no", "off", "False", "NO"]),
        ("unclear", ["", "enable", "1", "maybe"]),
    ],
)
def test_a_word_is_read_in_any_case_and_any_other_is_unclear(meaning: str, texts: list[str]) -> None:
    assert {read_word(text) for text in texts} == {meaning}


def test_a_pod_s_label_wins_over_its_annotation() -> None:
    assert word_of(pod("on", "off")) == ("on", "on")
    assert word_of(pod(None, "No")) == ("off", "No")
    assert word_of(pod()) is None
    assert word_of({}) is None


def test_a_pod_asks_by_anything_of_ours_but_the_record_of_changes() -> None:
    assert asks(pod("enabled"))
    assert asks({"metadata": {"annotations": {"drift-sidecar/port": "http"}}})
    assert not asks({"metadata": {"annotations": {"drift-sidecar/status": "[]", "other/port": "http"}}})


@pytest.mark.parametrize(
    ("namespace", "label", "sent"),
    [
        ("enabled", None, True),
        ("Yes", None, True),
        ("enabled", "off", False),
        ("enabled", "maybe", True),
        (None, None, False),
        (None, "true", True),
        (None, "maybe", True),
        (None, "no", False),
        ("no", "enabled", False),
        ("enable", "enabled", True),
        ("enable", None, False),
    ],
)
def test_the_namespace_decides_for_its_pods_and_the_pod_s_label_where_it_says_nothing(
    namespace: str | None, label: str | None, sent: bool
) -> None:
    labels = {} if namespace is None else {INJECT: namespace}

    assert is_sent(labels, pod(label, "enabled")) is sent


def test_a_namespace_s_word_counts_as_selectors_read_it() -> None:
    assert namespace_word({INJECT: "TRUE"}) == "on"
    assert namespace_word({INJECT: "tRuE"}) == "unclear", "selectors list the usual ways to write it"
    assert namespace_word({}) is None
