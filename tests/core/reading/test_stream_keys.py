"""Which stream a request is of is told by its URL and headers; what a client makes up does not make names without end."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.reading.stream_keys import StreamKeys, body_model, without_ids
from sidecar.core.words.exchange import Exchange, Message, Outcome
from sidecar.core.words.stream import StreamKey
from sidecar.proxy.route import Routes

V2, V1 = "/v2/models/{model}/infer", "/v1/models/{model}:predict"


def exchange(target: str, headers: str = "", routes: tuple[str, ...] = ()) -> Exchange:
    head = Message(f"POST {target} HTTP/1.1\r\n{headers}\r\n".encode("latin-1", "replace"))
    route = Routes(routes).match(target.encode())
    return Exchange(0, 0, 0, "POST", target, route, 200, Outcome.COMPLETE, head, Message())


def key(target: str, headers: str = "", routes: tuple[str, ...] = ()) -> StreamKey:
    return StreamKeys().place(exchange(target, headers, routes)).key


@pytest.mark.parametrize(
    ("target", "model", "endpoint"),
    [
        ("/v2/models/iris/infer", "iris", V2),
        ("/v2/models/iris/infer?x=1", "iris", V2),
        ("/v2/models/iris/infer/", "iris", V2),
        ("/v2/models/iris/versions/3/infer", "iris", V2),
        ("/v2/models/my%20iris/infer", "my iris", V2),
        ("http://host:80/v2/models/iris/infer", "iris", V2),
        ("/seldon/shop/v2/models/iris/infer", "iris", f"/seldon/shop{V2}"),
        ("/tenants/1234/v2/models/iris/versions/1/infer", "iris", f"/tenants/{{id}}{V2}"),
        ("/v1/models/iris:predict", "iris", V1),
        ("/v1/models/iris/versions/7:predict", "iris", V1),
        ("/v1/models/iris/labels/canary:predict", "iris", V1),
        ("/v1/models/iris/versions/7:explain", "iris", "/v1/models/{model}:explain"),
        ("/predictions/iris", "iris", "/predictions/{model}"),
        ("/predictions/iris/2.0", "iris", "/predictions/{model}"),
        ("/models/iris.tar.gz/invoke", "iris.tar.gz", "/models/{model}/invoke"),
        ("/invocations", "", "/invocations"),
        ("/score", "", "/score"),
        ("/api/v1.0/predictions", "", "/api/v1.0/predictions"),
        ("/rank/fruit", "", "/rank/fruit"),
    ],
)
def test_the_path_tells_the_model_and_the_endpoint(target: str, model: str, endpoint: str) -> None:
    assert key(target) == (model, endpoint)


@pytest.mark.parametrize(
    "name", ["X-Amzn-SageMaker-Target-Model", "X-Amzn-SageMaker-Inference-Component", "Seldon-Model"]
)
def test_a_header_names_one_of_several_models_behind_one_path(name: str) -> None:
    assert key("/invocations", f"{name}: iris\r\n") == ("iris", "/invocations")


def test_a_template_of_the_user_may_name_the_model_and_leave_out_what_tenants_are_called() -> None:
    routes = ("/serve/{model_name}/{version}/run", "/score/{tenant}")
    assert key("/serve/iris/7/run", routes=routes) == ("iris", "/serve/{model_name}/run")
    assert key("/score/acme", routes=routes) == key("/score/globex", routes=routes) == ("", "/score/{tenant}")


def test_a_declared_route_gives_its_own_name_to_the_model() -> None:
    keys = StreamKeys([("/price/{shop}", "pricing"), ("/rank/{model}", "")])
    assert keys.place(exchange("/price/acme"))[:2] == (("pricing", "/price/{shop}"), "/price/{shop}")
    assert keys.place(exchange("/rank/books"))[:2] == (("books", "/rank/{model}"), "/rank/{model}")


@pytest.mark.parametrize(
    "segment",
    [
        "7", "20251125", "0b5e0f2c-3c5b-4f0e-9c5e-5f1c7a3f2d10", "507f1f77bcf86cd799439011", "deadbeef01", "01HV6Z3Y9M8Q2",
        "ann%40example.com", "ann@example.com", "a=b", "+4917012345", "4111-1111-1111-1111", "order-88371", "x" * 41,
    ],
)  # fmt: skip
def test_what_looks_like_an_identifier_is_no_part_of_an_endpoint(segment: str) -> None:
    assert without_ids(f"/customers/{segment}/score") == "/customers/{id}/score"
    assert without_ids(f"/endpoints/{segment}:predict") == "/endpoints/{id}:predict"


@pytest.mark.parametrize(
    "word", ["score", "v2", "v1.0", "resnet50", "fraud_v3", "text-to-image", "predict-batch", ".well-known"]
)
def test_words_and_versions_of_apis_stay(word: str) -> None:
    assert without_ids(f"/api/{word}") == f"/api/{word}"


def test_bodies_of_openai_and_its_kin_name_the_model() -> None:
    places = [
        StreamKeys().place(exchange(path)) for path in ("/v1/embeddings", "/openai/v1/completions", "/api/generate")
    ]
    assert all(place.by_body for place in places)
    assert not StreamKeys().place(exchange("/predict")).by_body
    assert body_model(b'{"model": "llama3:8b", "input": ["a"]}') == "llama3:8b"
    assert [body_model(body) for body in (b"{}", b"[1]", b'{"model": 7}', b"\xff")] == ["", "", "", ""]


@given(st.text(max_size=400), st.text(max_size=200))
def test_no_request_makes_a_name_that_is_long_or_cannot_be_shown(target: str, header: str) -> None:
    found = key(f"/{target}", f"Seldon-Model: {header}\r\n")
    assert len(found.model) <= 128
    assert len(found.endpoint) <= 200
    assert found.model.isprintable()
