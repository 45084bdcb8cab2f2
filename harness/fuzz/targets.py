"""The registry of what reads what others wrote. A new reader is one line of `TARGETS`, with what it must keep.

Each check raises nothing but the errors that its reader documents, and asserts what holds for whatever is read. The targets
of the HTTP/1 watcher are in `talks`.
"""

from __future__ import annotations

import base64
import contextlib
import functools
import io
import json
import os
import zlib
from collections.abc import Sequence
from pathlib import Path

import jsonpatch
import msgspec
import orjson
import yaml

from harness.fuzz.engine import Target
from harness.fuzz.frames import assert_sound
from harness.fuzz.talks import HEADS, TALKS
from harness.observed import exchange as observed_exchange
from harness.observed import reference, snapshot
from harness.wire import exchange, recorded, recordings
from sidecar.commands.constraints import taken_from
from sidecar.core.reading.capture import dumps as capture_dumps
from sidecar.core.reading.capture import loads as capture_loads
from sidecar.core.reading.decoder import Decoder
from sidecar.core.reading.decoders import DECODERS
from sidecar.core.reading.intake import Intake
from sidecar.core.reading.metrics_page import read_page
from sidecar.core.reading.payload import dechunk, payload
from sidecar.core.reference import constraints_sagemaker, constraints_tfdv
from sidecar.core.reference.constraints_file import file_of, with_constraints
from sidecar.core.reference.derive_constraints import derive_constraints
from sidecar.core.reference.profile import Profile
from sidecar.core.reference.profile_file import _digest, dumps, loads
from sidecar.core.words.exchange import Message
from sidecar.core.words.frame import Frame
from sidecar.errors import DataError, DecodeError, ReferenceFileError, SettingsError, UserError
from sidecar.handoff.wire import FrameReader, Hello, encode
from sidecar.inject.options import Options
from sidecar.inject.review import review
from sidecar.proxy.head import BLANK_LINE
from sidecar.settings import DecodeSettings, Settings
from sidecar.settings.catalogue import catalogue
from sidecar.settings.load import load

DECODE = DecodeSettings(max_rows=50, max_features=20)
"""Small bounds, so that they are met."""
ROOT = Path(__file__).parents[2]
_SEPARATOR = b"\n\x1e\n"


# Decoders


def _decoder(decoder: Decoder) -> Target:
    """One of the decoders, on requests and answers of its protocol."""
    first = decoder.examples[0]

    def corpus() -> list[bytes]:
        own = [body for example in decoder.examples for body in (example.request, example.response)]
        return own + _bodies()

    def check(data: bytes) -> bool:
        read = 0
        header = b"Inference-Header-Content-Length: %d\r\n" % (len(data) // 2)
        for headers in (first.headers, header):
            asked = exchange(first.path, data, data, first.content_type, headers)
            for decode in (decoder.request, decoder.response):
                with contextlib.suppress(DecodeError):
                    frame: Frame = decode(asked, data)
                    assert_sound(frame, DECODE)
                    read += 1
        return read > 0

    return Target(
        f"decoder {decoder.name}", corpus, check, tokens=(b'"inputs"', b'"shape"', b'"data"', b"BYTES", b"FP16")
    )


@functools.cache
def _bodies() -> list[bytes]:
    """Bodies of recorded connections."""
    return [x.request.body for name in recordings() for x in recorded(name) if x.request.body]


def _intake_corpus() -> list[bytes]:
    lines = (
        b"Content-Encoding: gzip",
        b"Transfer-Encoding: chunked",
        b"Content-Type: text/csv",
        b"Inference-Header-Content-Length: 9",
    )
    heads = [b"POST /v2/models/m/infer HTTP/1.1\r\nHost: m\r\n%s\r\n\r\n" % line for line in lines]
    return [head.removesuffix(BLANK_LINE) + _SEPARATOR + body for head in heads for body in _bodies()]


def _check_intake(data: bytes) -> bool:
    """A head ends with a blank line: the watcher hands over no other."""
    head, _, body = data.partition(_SEPARATOR)
    head += BLANK_LINE
    line = head.partition(b"\r\n")[0].decode("latin-1").split(" ")
    asked = exchange("/", body, body)
    target = line[1] if len(line) > 1 else "/"
    asked = msgspec.structs.replace(asked, method=line[0], target=target, request=Message(head, body, len(body)))
    intake = Intake(DECODE, tuple(make(DECODE) for make in DECODERS))
    reading = intake.read(asked, 0.0, [])
    for frame in reading.frames if reading else ():
        assert_sound(frame, DECODE)
    return reading is not None and bool(reading.frames)


def _payload_corpus() -> list[bytes]:
    chunked = b"5\r\nhello\r\n1;x=y\r\n!\r\n0\r\nA: b\r\n\r\n"
    deflated = zlib.compress(b'{"a":[1,2,3]}' * 20)
    gzip = zlib.compressobj(wbits=31)
    zipped = gzip.compress(b'{"a":[1,2,3]}' * 20) + gzip.flush()
    codings = ((b"gzip", zipped), (b"deflate", deflated), (b"br", zipped))
    return [b"Transfer-Encoding: chunked" + _SEPARATOR + chunked] + [
        b"Content-Encoding: " + name + _SEPARATOR + body for name, body in codings
    ]


def _check_payload(data: bytes) -> bool:
    line, _, body = data.partition(_SEPARATOR)
    head = b"POST / HTTP/1.1\r\n%s\r\n\r\n" % line
    found = payload(Message(head, body, len(body)), 4096)
    assert len(found) <= max(4096, len(body))
    return True


def _check_events(data: bytes) -> bool:
    """Server-sent events and JSON Lines within chunks: what is taken apart is what was put in."""
    pieces = [piece for piece in data.split(b"\n\n") if piece]
    framed = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    assert dechunk(framed) == b"".join(pieces)
    lines = next(make for make in DECODERS if make.name == "json_lines")(DECODE)
    asked = exchange("/predict", data, data, b"application/jsonlines")
    assert_sound(lines.request(asked, data), DECODE)
    return True


def _events_corpus() -> list[bytes]:
    events = b'event: token\nid: 1\ndata: {"token":"a"}\n\ndata: {"token":"b"}\n\n: ping\n\ndata: [DONE]\n\n'
    return [events, b'{"a":1,"b":"x"}\n{"a":2,"b":"y"}\n', b'{"a":1}\n\n{"a":null}\n', b"[1,2]\n[3,4]\n"]


# Files


@functools.cache
def _reference() -> Profile:
    made = reference()
    return with_constraints(made, {side: derive_constraints(of_side) for side, of_side in made.sides.items()})


def _check_reference(data: bytes) -> bool:
    profile = loads(data)
    assert dumps(loads(dumps(profile))) == dumps(profile)
    return True


def _check_signed(data: bytes) -> bool:
    """A file whose digest fits whatever is in it."""
    try:
        head = orjson.loads(data)
    except orjson.JSONDecodeError:
        return False
    if not isinstance(head, dict):
        return False
    head["digest"] = _digest(head.get("content"))
    return _check_reference(orjson.dumps(head))


def _reference_corpus() -> list[bytes]:
    return [dumps(_reference()), dumps(reference(rows=50))]


def _settings_corpus() -> list[bytes]:
    some = b"upstream: 127.0.0.1:8080\nhttp:\n  routes: [/a, '/b/{c}']\ntap: {sample_ratio: 0.5}\n"
    return [
        some,
        b"decode:\n  routes:\n    /predict: {decoder: csv, feature_names: [a, b]}\n",
        b"decode:\n  feature_names: &a [x]\nhttp:\n  routes: *a\n",
    ]


@functools.cache
def _memory_file() -> int:
    return os.memfd_create("input")


def _as_file(data: bytes) -> str:
    """The path of a file with this content; the next one takes its place."""
    file = _memory_file()
    os.ftruncate(file, 0)
    os.pwrite(file, data, 0)
    return f"/proc/self/fd/{file}"


def _check_settings(data: bytes) -> bool:
    effective = load(_as_file(data), {}, {})
    assert set(effective.sources) <= set(catalogue())
    return True


def _constraints_corpus() -> list[bytes]:
    own = file_of(_reference())
    of_side = [one for side in _reference().sides.values() for one in side.constraints]
    foreign = [tool.exported(of_side).content for tool in (constraints_sagemaker, constraints_tfdv)]
    return [orjson.dumps(msgspec.to_builtins(one)) for one in (own, *foreign)]


def _check_constraints(data: bytes) -> bool:
    with contextlib.redirect_stderr(io.StringIO()):  # it tells what it leaves out
        made = taken_from(_as_file(data), _reference())
    assert loads(dumps(made)).sides.keys() == made.sides.keys()
    return True


def _capture_corpus() -> list[bytes]:
    rows = observed_exchange([{"age": 1.0, "income": 2.0}])
    return [capture_dumps(one) for one in (rows, *(x for name in recordings() for x in recorded(name)))]


def _check_capture(data: bytes) -> bool:
    read = capture_loads(data)
    line = capture_dumps(read)
    assert line.count(b"\n") == 1
    assert capture_dumps(capture_loads(line)) == line
    return True


# What comes over sockets


def _frames_corpus() -> list[bytes]:
    frames = (Hello(Settings()), snapshot(), [observed_exchange([{"age": 1.0}])] * 3)
    return [bytes(encode(frame)) for frame in frames] + [b"".join(bytes(encode(frame)) for frame in frames)]


def _check_frames(data: bytes) -> bool:
    """However they are cut, the same frames come out, and no more is kept than what is not whole yet."""
    whole = list(FrameReader().feed(data))
    reader = FrameReader()
    cut = [frame for at in range(0, len(data), 97) for frame in reader.feed(data[at : at + 97])]
    assert msgspec.msgpack.encode(cut) == msgspec.msgpack.encode(whole)
    return bool(whole)


def _reviews_corpus() -> list[bytes]:
    pods = [yaml.safe_load(path.read_text())["before"] for path in sorted((ROOT / "tests/inject/cases").glob("*.yaml"))]
    request = {"uid": "705ab4f5", "operation": "CREATE", "namespace": "fraud", "dryRun": False}
    whole = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview"}
    return [json.dumps(whole | {"request": request | {"object": pod}}).encode() for pod in pods]


def _check_review(data: bytes) -> bool:
    """It raises for no input; a patch can be applied, and what it makes needs no other."""
    found = review(data, Options())
    if found.status != 200:
        return False
    response = json.loads(found.body)["response"]
    if "patch" not in response:
        return bool(response["allowed"])
    asked = json.loads(data)
    operations = json.loads(base64.b64decode(response["patch"]))
    asked["request"]["object"] = jsonpatch.apply_patch(asked["request"]["object"], operations)
    again = review(json.dumps(asked).encode(), Options())
    assert again.result in ("unchanged", "skipped", "refused"), again
    return True


def _pages_corpus() -> list[bytes]:
    text = b'# HELP a_total what\n# TYPE a_total counter\na_total{x="1",y="\\"\\n"} 1 1700000000000\nb 2.5e-3\nc{le="+Inf"} NaN\n'
    openmetrics = (
        b'# TYPE a counter\n# UNIT s_seconds seconds\na_total{x="1"} 1 # {trace_id="ab"} 0.5 1.5\na_created 1\n# EOF\n'
    )
    return [text, openmetrics]


def _check_page(data: bytes) -> bool:
    accepted = False
    for openmetrics in (False, True):
        with contextlib.suppress(ValueError):
            page = read_page(data, openmetrics)
            kept, removed = page.without(frozenset())
            assert removed == 0
            assert b"# EOF" not in kept or not openmetrics
            accepted = True
    return accepted


_FRAME_ERRORS = (msgspec.DecodeError, UnicodeDecodeError, KeyError)
"""Both ends are one build, so a frame that does not decode is a bug; what must not happen is a hang, or another frame."""
_JSON_TOKENS = (b'"content"', b'"edges"', b'"counts"', b'"labels"', b'"input"', b'"streams"')
TARGETS: tuple[Target, ...] = (
    *TALKS,
    HEADS,
    *(_decoder(make(DECODE)) for make in DECODERS),
    Target("intake", _intake_corpus, _check_intake, tokens=(b"gzip", b"chunked", b"\r\nContent-Type: ", _SEPARATOR)),
    Target("payload", _payload_corpus, _check_payload, (DecodeError,), (b"gzip", b"deflate", b"chunked", b"0\r\n\r\n")),
    Target("events and JSON lines", _events_corpus, _check_events, (DecodeError,), (b"data: ", b"\n\n", b'{"a":')),
    Target("handoff frames", _frames_corpus, _check_frames, _FRAME_ERRORS, (b"\x01", b"\x02", b"\x03"), 0.005),
    Target("reference files", _reference_corpus, _check_reference, (ReferenceFileError,), _JSON_TOKENS, 0.0),
    Target("reference contents", _reference_corpus, _check_signed, (ReferenceFileError,), _JSON_TOKENS),
    Target("constraint files", _constraints_corpus, _check_constraints, (UserError,), (b'"features"', b'"input"')),
    Target("settings files", _settings_corpus, _check_settings, (SettingsError,), (b"\n  ", b": ", b"- ", b"!!python")),
    Target("admission reviews", _reviews_corpus, _check_review, tokens=(b"drift-sidecar/", b"containers", b"ports")),
    Target("metrics pages", _pages_corpus, _check_page, tokens=(b"# TYPE ", b"# EOF\n", b"_total", b"{", b"}")),
    Target("capture lines", _capture_corpus, _check_capture, (DataError,), (b'"body"', b'"headers"', b"base64")),
)


def kept(target: Target) -> list[bytes]:
    """The findings of old that are kept for a target."""
    folder = ROOT / "tests" / "fuzz" / "corpus" / target.name.replace(" ", "_")
    return [path.read_bytes() for path in sorted(folder.glob("*"))] if folder.exists() else []


def everything(target: Target) -> Sequence[bytes]:
    """What inputs of a target are made of."""
    return [*target.corpus(), *kept(target)]
