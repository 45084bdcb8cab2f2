"""Route templates as patterns."""

from __future__ import annotations

import pytest

from sidecar.core.words.templates import pattern_of


@pytest.mark.parametrize(
    ("template", "path", "model"),
    [
        ("/v2/models/{model}/infer", "/v2/models/fraud/infer", "fraud"),
        ("/v1/models/{model}:predict", "/v1/models/fraud:predict", "fraud"),
        ("/m/{model_name}/v/{version}", "/m/fraud/v/3", "fraud"),
        ("/t/{tenant}/{model}", "/t/acme/fraud", "fraud"),
        ("/{model}/{model}", "/a/b", "a"),
        ("/predict", "/predict", None),
        ("/{tenant}/predict", "/acme/predict", None),
    ],
)
def test_a_path_of_the_template_matches_and_tells_the_model(template: str, path: str, model: str | None) -> None:
    found = pattern_of(template).fullmatch(path)

    assert found is not None
    assert found.groupdict().get("model") == model


@pytest.mark.parametrize(
    ("template", "path"),
    [
        ("/v2/models/{model}/infer", "/v2/models/a/b/infer"),
        ("/v2/models/{model}/infer", "/v2/models//infer"),
        ("/v2/models/{model}/infer", "/v2/models/a:1/infer"),
        ("/v1.0/x", "/v1a0/x"),
        ("/predict", "/predict/"),
    ],
)
def test_a_placeholder_is_one_part_and_all_else_is_taken_literally(template: str, path: str) -> None:
    assert pattern_of(template).fullmatch(path) is None
