"""A pod's annotations override the options, and none that is unknown or wrong is ignored."""

from __future__ import annotations

from typing import Any

import pytest

from sidecar.inject.annotations import ANNOTATIONS, SET_BY_INJECTOR, on_invalid, read_annotations
from sidecar.inject.options import Options, Refused
from sidecar.inject.wishes import PREFIX
from sidecar.settings.catalogue import catalogue


def pod(**annotations: str) -> dict[str, Any]:
    named = {f"{PREFIX}{name.replace('_', '-')}": text for name, text in annotations.items()}
    return {"metadata": {"annotations": {**named, "other/annotation": "x"}}}


def test_options_settings_and_what_only_a_pod_has_are_told_apart() -> None:
    given = pod(cpu_limit="500m", image_pull_secrets="a, b,", container="m", model_name="fraud")
    given["metadata"]["annotations"][f"{PREFIX}window.rows"] = "700"

    config = read_annotations(
        given, Options(settings={"window.rows": 500, "trace.sample_ratio": 0.5, "http.routes": ["/a", "/b"]})
    )

    assert (config.options.cpu_limit, config.options.image_pull_secrets) == ("500m", ("a", "b"))
    assert config.own == {"container": "m", "model-name": "fraud"}
    assert config.settings == {
        "window.rows": "700",
        "trace.sample_ratio": "0.5",
        "http.routes": "/a,/b",
        "model.name": "fraud",
    }
    assert config.effective.window.rows == 700


@pytest.mark.parametrize(("value", "shared"), [("true", True), ("false", False), (None, False)])
def test_processes_are_shared_only_where_it_says_true(value: str | None, shared: bool) -> None:
    given = pod(share_process_namespace=value) if value else pod()
    assert read_annotations(given, Options()).share_processes is shared


def test_what_becomes_of_a_wrong_annotation_is_the_pod_s_word_if_it_is_one() -> None:
    assert on_invalid(pod(on_invalid="admit"), Options()) == "admit"
    assert on_invalid(pod(on_invalid="perhaps"), Options(invalid="admit")) == "admit"


@pytest.mark.parametrize("key", sorted(SET_BY_INJECTOR))
def test_settings_that_the_injector_makes_cannot_be_asked_for(key: str) -> None:
    assert key in catalogue()
    with pytest.raises(Refused, match="made by the injector") as refused:
        read_annotations({"metadata": {"annotations": {f"{PREFIX}{key}": "1.2.3.4:5"}}}, Options())
    assert refused.value.mend == SET_BY_INJECTOR[key]


def test_a_long_value_is_cut_in_the_refusal() -> None:
    with pytest.raises(Refused) as refused:
        read_annotations(pod(qqq="x" * 5000), Options())
    assert len(str(refused.value)) < 400


def test_each_annotation_has_its_help() -> None:
    assert all(text.strip() for text in ANNOTATIONS.values())
