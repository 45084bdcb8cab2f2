"""Routes are templates, so that no label ever carries what a client chose."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.proxy.route import KNOWN, OTHER, Routes


@pytest.mark.parametrize(
    ("path", "route"),
    [
        (b"/v2/models/credit/infer", "/v2/models/{model}/infer"),
        (b"/v2/models/credit/infer?x=1", "/v2/models/{model}/infer"),
        (b"/v2/models/credit/versions/3/infer", "/v2/models/{model}/versions/{version}/infer"),
        (b"/v1/models/credit:predict", "/v1/models/{model}:predict"),
        (b"/v1/models/credit/versions/3:predict", "/v1/models/{model}/versions/{version}:predict"),
        (b"/invocations", "/invocations"),
        (b"/", "/"),
        (b"/v2/models/credit/infer/", OTHER),
        (b"/v2/models//infer", OTHER),
        (b"/v2/models/a\nb/infer/x", OTHER),
        (b"*", OTHER),
        (b"http://host/invocations", OTHER),
        (b"\xff\xfe", OTHER),
        (b"", OTHER),
    ],
)
def test_paths_have_the_template_that_fits_them(path: bytes, route: str) -> None:
    assert Routes().match(path) == route


@given(st.binary(max_size=60) | st.sampled_from(KNOWN).map(str.encode))
def test_a_label_is_always_one_of_the_templates(target: bytes) -> None:
    assert Routes(["/mine/{id}"]).match(target) in {*KNOWN, OTHER, "/mine/{id}"}


def test_users_templates_come_first_and_take_every_character_literally() -> None:
    routes = Routes(["/predict", "/mine.v1/{tenant}/(x)", "/v2/models/credit/infer"])
    assert routes.match(b"/mine.v1/acme/(x)") == "/mine.v1/{tenant}/(x)"
    assert routes.match(b"/mineXv1/acme/(x)") == OTHER
    assert routes.match(b"/v2/models/credit/infer") == "/v2/models/credit/infer"


def test_paths_made_up_without_end_do_not_fill_the_memory() -> None:
    routes = Routes()
    for number in range(10_000):
        routes.match(b"/%d" % number)
        assert len(routes._cache) <= 4096
