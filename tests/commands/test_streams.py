"""Reference files of several streams: made of files or of captures, compared, checked and replayed."""

from __future__ import annotations

import json
import random
from pathlib import Path

import msgspec
import pytest

from harness.observed import exchange
from harness.profiles import profile_of
from harness.wire import exchange as wire_exchange
from sidecar.cli import main
from sidecar.commands.streams import only
from sidecar.core.reading.capture import dumps
from sidecar.core.reference.profile import Profile
from sidecar.core.reference.profile_file import digest, loads
from sidecar.core.words.frame import Side
from sidecar.errors import UserError

ROWS = 1_200


def table(path: Path, name: str, centre: float) -> Path:
    rng = random.Random(name)
    lines = (f"{rng.gauss(centre, 1):.3f},{rng.gauss(centre, 2):.3f}" for _ in range(ROWS))
    path.write_text(f"{name},size\n" + "\n".join(lines) + "\n")
    return path


def captured(path: Path, centres: dict[str, float], refused: float = 0.0) -> Path:
    """Requests to these models, each with its centre; a share of them with other inputs is refused."""
    rng = random.Random(4)
    with path.open("wb") as file:
        for at in range(60):
            for model, centre in centres.items():
                odd = rng.random() < refused
                rows = [
                    {"age": rng.gauss(centre + 9 * odd, 1), "income": rng.gauss(centre, 1)} for _ in range(ROWS // 60)
                ]
                made = exchange(rows, target=f"/v2/models/{model}/infer", status=422 if odd else 200)
                file.write(dumps(msgspec.structs.replace(made, started_ns=made.started_ns + at * 10**9)))
    return path


def reference_of(path: Path, data: Path) -> Path:
    assert main(["profile", str(data), "-o", str(path)]) == 0
    return path


@pytest.fixture
def joined(tmp_path: Path) -> Path:
    parts = [
        f"{name}={reference_of(tmp_path / f'{at}.json', table(tmp_path / f'{at}.csv', column, at))}"
        for at, (name, column) in enumerate((("iris", "petal"), ("/score", "age")))
    ]
    assert main(["profile", "streams", *parts, "-o", str(tmp_path / "reference.json")]) == 0
    return tmp_path / "reference.json"


def test_references_of_one_stream_each_become_one_file(joined: Path, tmp_path: Path) -> None:
    made = loads(joined.read_bytes())
    assert list(made.streams) == ["/score", "iris"]
    assert made.sides == {}
    alone = loads((tmp_path / "0.json").read_bytes())
    assert digest(made.streams["iris"]) == digest(alone)


def test_check_names_the_streams_of_a_reference(joined: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--reference", str(joined), "--json"]) == 0
    described = json.loads(capsys.readouterr().out)["reference"]
    assert {name: one["features"] for name, one in described["streams"].items()} == {
        "iris": {"input": 2},
        "/score": {"input": 2},
    }
    assert main(["check", "--reference", str(joined)]) == 0
    assert "stream iris: 2 input features" in capsys.readouterr().err


def test_data_are_compared_with_the_stream_that_is_named(
    joined: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    live = str(table(tmp_path / "live.csv", "age", 1))
    assert main(["compare", str(joined), live, "--stream", "/score", "--fail-on", "drift"]) == 0
    assert main(["compare", str(joined), live]) == 2
    assert "holds the streams /score, iris" in capsys.readouterr().err
    assert main(["compare", str(joined), live, "--stream", "wine"]) == 2


@pytest.mark.parametrize("arguments", [["iris"], ["=x.json"], ["iris=a.json", "iris=a.json"], []])
def test_what_names_no_stream_is_refused(arguments: list[str], joined: Path, tmp_path: Path) -> None:
    given = [one.replace("a.json", str(tmp_path / "0.json")) for one in arguments]
    assert main(["profile", "streams", *given, "-o", str(tmp_path / "x.json")]) == 2


def test_captures_of_several_models_make_a_reference_of_several_streams(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = captured(tmp_path / "before.jsonl", {"loans": 0.0, "prices": 6.0}, refused=0.3)
    reference = reference_of(tmp_path / "reference.json", before)
    made = loads(reference.read_bytes())
    assert list(made.streams) == ["loans", "prices"]
    assert made.streams["loans"].sides[Side.INPUT].moments.high.max() < 6  # what was refused is no part of it

    after = str(captured(tmp_path / "after.jsonl", {"loans": 0.0, "prices": 8.0}, refused=0.5))
    capsys.readouterr()
    assert main(["compare", str(reference), after, "--json", "--html", str(tmp_path / "report.html")]) == 0
    found = json.loads(capsys.readouterr().out)["features"]
    assert {one["stream"] for one in found if one["state"] == "drift"} == {"prices"}
    assert "prices: age" in (tmp_path / "report.html").read_text()

    assert main(["replay", after, "--reference", str(reference)]) == 0
    told = [line for line in capsys.readouterr().out.splitlines() if "-> drift" in line]
    assert told
    assert all(" prices input " in line for line in told)


def test_a_capture_of_one_model_makes_a_reference_as_it_always_did(tmp_path: Path) -> None:
    reference = reference_of(tmp_path / "reference.json", captured(tmp_path / "one.jsonl", {"loans": 0.0}))
    made = loads(reference.read_bytes())
    assert (set(made.sides), dict(made.streams)) == ({Side.INPUT, Side.OUTPUT}, {})


def test_check_refuses_a_route_whose_decoder_is_not_known(capsys: pytest.CaptureFixture[str]) -> None:
    routes = '{"/rank": {"decoder": "v2"}}'
    assert main(["check", "--set", f"decode.routes={routes}"]) == 2
    assert "v2_json" in capsys.readouterr().err


ROUTES = {"/rank": {"rows_pointer": "/query/rows", "predictions_pointer": "/out", "feature_names": ["age", "income"]}}


def captured_of_routes(path: Path, centre: float) -> Path:
    """Requests that nothing but a declared route can read."""
    rng = random.Random(path.name)
    with path.open("wb") as file:
        for at in range(60):
            rows = [[rng.gauss(centre, 1), rng.gauss(0, 1)] for _ in range(ROWS // 60)]
            asked, answered = {"query": {"rows": rows}}, {"out": [0.5 * at % 7 for _ in rows], "ok": True}
            one = wire_exchange("/rank", json.dumps(asked).encode(), json.dumps(answered).encode())
            file.write(dumps(msgspec.structs.replace(one, started_ns=at * 10**9)))
    return path


@pytest.mark.parametrize("source", ["config", "set", "environment"])
def test_captures_are_read_by_the_routes_that_the_settings_declare(
    source: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "sidecar.yaml"
    config.write_text(json.dumps({"decode": {"routes": ROUTES}}))
    given = {"config": ["--config", str(config)], "set": ["--set", f"decode.routes={json.dumps(ROUTES)}"]}.get(
        source, []
    )
    if source == "environment":
        monkeypatch.setenv("SIDECAR_DECODE_ROUTES", json.dumps(ROUTES))
    calm, moved = (captured_of_routes(tmp_path / f"{at}.jsonl", at) for at in (0, 3))
    reference = tmp_path / "reference.json"

    assert main(["profile", str(calm), "-o", str(reference), *given]) == 0
    assert loads(reference.read_bytes()).sides[Side.INPUT].names == ("age", "income")
    assert loads(reference.read_bytes()).sides[Side.OUTPUT].names == ("prediction",)
    assert main(["compare", str(reference), str(calm), "--fail-on", "warning", *given]) == 0
    capsys.readouterr()
    assert main(["compare", str(reference), str(moved), "--fail-on", "drift", "--json", *given]) == 1
    drifted = [one["feature"] for one in json.loads(capsys.readouterr().out)["features"] if one["state"] == "drift"]
    assert drifted == ["age"]


def test_bad_settings_matter_only_where_captures_are_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, captures = table(tmp_path / "a.csv", "x", 0), captured(tmp_path / "c.jsonl", {"m": 0})
    bad = ["--set", "decode.rout=1", "-o", str(tmp_path / "r.json")]

    assert main(["profile", str(data), *bad]) == 0
    assert main(["profile", str(captures), *bad]) == 2
    assert "decode.routes" in capsys.readouterr().err


ALONE = profile_of({"x": [1.0, 2.0] * 30})
NAMED = Profile(streams={"iris": ALONE, "wine": profile_of({"y": [1.0, 2.0] * 30})})


def test_the_part_of_a_reference_is_the_named_one_or_the_only_one() -> None:
    assert only(ALONE, "a.json", "").sides[Side.INPUT] is ALONE.sides[Side.INPUT]
    assert only(NAMED, "a.json", "iris") is ALONE
    assert only(Profile(streams={"iris": ALONE}), "a.json", "") is ALONE


@pytest.mark.parametrize(
    ("reference", "name", "words"),
    [
        (ALONE, "iris", "has one stream, and none that is called 'iris'"),
        (NAMED, "", "holds the streams iris, wine"),
        (NAMED, "rose", "holds the streams iris, wine"),
    ],
)
def test_a_part_that_is_not_there_or_not_said_is_an_error_with_those_that_are(
    reference: Profile, name: str, words: str
) -> None:
    with pytest.raises(UserError) as error:
        only(reference, "a.json", name)
    assert words in str(error.value)
