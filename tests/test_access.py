"""Who may ask what of the admin port: readers by name or token, changes from the pod itself or with the token."""

from __future__ import annotations

import base64
import os
from pathlib import Path

import pytest

from sidecar.access import Access, Token, is_address, is_loopback
from sidecar.errors import SettingsError
from sidecar.settings import AccessSettings

CONSENT = {"x-drift-sidecar": "test"}
SECRET = "pässword:with colon"


@pytest.fixture
def token_file(tmp_path: Path) -> str:
    path = tmp_path / "token"
    path.write_text(SECRET + "\n", encoding="utf-8")
    return str(path)


def bearer(token: str) -> str:
    return "Bearer " + token


def basic(token: str) -> str:
    return "Basic " + base64.b64encode(b"anybody:" + token.encode()).decode()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"])
def test_the_pod_itself_is_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["", "10.0.0.127", "128.0.0.1", "::12", "::1:7f00:1", "::ffff:10.127.0.1", "fe80::1", "127.0.0.6"]
)
def test_nobody_else_is_not_even_through_the_proxy_of_a_mesh(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize("host", ["127.0.0.1", "10.1.2.3:9481", "[::1]:9481", "[::1]", "::1"])
def test_an_address_is_one_with_and_without_a_port(host: str) -> None:
    assert is_address(host)


@pytest.mark.parametrize("host", ["", "localhost", "10.1.2.3.example", "[::1", "a:b:c", "1.2.3"])
def test_a_name_is_no_address(host: str) -> None:
    assert not is_address(host)


@pytest.mark.parametrize(
    "host",
    ["10.1.2.3:9481", "[fd00::1]:9481", "localhost:8000", "model", "model:9481", "m.shop.svc", "m.shop.svc.cluster.local:9481",
     "a.localhost", "ip-10-0-0-1.ec2.internal", "MODEL.example.com:9481"],
)  # fmt: skip
def test_readers_use_addresses_names_that_nobody_else_can_have_and_those_that_are_listed(host: str) -> None:
    access = Access(AccessSettings(hosts=("model.Example.com",)))
    assert access.to_read("/api/v1/status", {"host": host}) is None


@pytest.mark.parametrize("path", ["/", "/metrics", "/api/v1/status"])
@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:9481", "svc.evil.example", "evilsvc.com", "model.example.com.evil.example",
             "127.0.0.1.evil.example", "", "a b", "a:b:c", "evil.example:9481:1", "<x>"],
)  # fmt: skip
def test_no_page_reads_by_making_its_name_lead_here(host: str, path: str) -> None:
    refused = Access(AccessSettings(hosts=("model.example.com",))).to_read(path, {"host": host})
    assert refused is not None
    assert refused.status == 403


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/drained"])
@pytest.mark.parametrize("open_metrics", [False, True])
def test_health_is_anybodys(path: str, open_metrics: bool, token_file: str) -> None:
    access = Access(AccessSettings(token_file=token_file, open_metrics=open_metrics))
    assert access.to_read(path, {"host": "evil.example"}) is None


@pytest.mark.parametrize("open_metrics", [False, True])
def test_metrics_are_open_if_that_is_set(open_metrics: bool, token_file: str) -> None:
    access = Access(AccessSettings(token_file=token_file, open_metrics=open_metrics))
    refused = access.to_read("/metrics", {"host": "10.0.0.1"})
    assert (refused is None) == open_metrics
    assert access.to_read("/metrics", {"host": "10.0.0.1", "authorization": bearer(SECRET)}) is None


@pytest.mark.parametrize("scheme", [bearer, basic, lambda token: "bEaReR   " + token + "  "])
def test_the_token_opens_everything_whatever_the_name(scheme: object, token_file: str) -> None:
    access = Access(AccessSettings(token_file=token_file))
    headers = {"host": "evil.example", "authorization": scheme(SECRET)}  # type: ignore[operator]  # a function
    assert access.to_read("/api/v1/profile", headers) is None


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer ", "Bearer x", bearer(SECRET + "x"), bearer(SECRET[:-1]), "Basic", "Basic ?", "Basic YTpi", SECRET,
     "Digest " + SECRET, bearer(SECRET) + ", " + bearer(SECRET), "Bearer \udcff"],
)  # fmt: skip
def test_nothing_else_does(authorization: str, token_file: str) -> None:
    access = Access(AccessSettings(token_file=token_file))
    for path in ("/", "/api/v1/profile", "/static/page.js", "/livez/", "/metrics/../api/v1/profile", "/metrics "):
        refused = access.to_read(path, {"host": "127.0.0.1", "authorization": authorization})
        assert refused is not None
        assert refused.status == 401


@pytest.mark.parametrize("token_is_set", [False, True])
def test_the_pod_itself_changes_things_without_a_token(token_is_set: bool, token_file: str) -> None:
    access = Access(AccessSettings(token_file=token_file if token_is_set else ""))
    for host in ("127.0.0.1:9481", "localhost", "[::1]:1"):
        assert access.to_change(CONSENT | {"host": host}, "127.0.0.1") is None
    assert access.to_change(CONSENT | {"host": "evil.example"}, "127.0.0.1") is not None


def test_another_host_changes_something_with_the_token_alone(token_file: str) -> None:
    access = Access(AccessSettings(token_file=token_file))
    with_token = CONSENT | {"host": "model.example.com", "authorization": bearer(SECRET)}
    assert access.to_change(with_token, "10.0.0.9") is None
    for headers in (CONSENT | {"host": "10.0.0.1"}, CONSENT | {"authorization": bearer("x")}):
        refused = access.to_change(headers, "10.0.0.9")
        assert refused is not None
        assert refused.status == 401
    assert Access(AccessSettings()).to_change(with_token, "10.0.0.9") is not None


@pytest.mark.parametrize("lines", [{}, CONSENT | {"origin": "null"}, {"origin": "http://127.0.0.1:9481"}])
def test_no_page_changes_anything_though_its_browser_knows_the_token(lines: dict[str, str], token_file: str) -> None:
    access = Access(AccessSettings(token_file=token_file))
    refused = access.to_change({"host": "127.0.0.1", "authorization": basic(SECRET)} | lines, "127.0.0.1")
    assert refused is not None
    assert refused.status == 403


def test_a_token_that_changes_counts_from_the_next_request_on(tmp_path: Path) -> None:
    """As Kubernetes replaces a Secret: by turning a link."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "token").write_text(name)
    link = tmp_path / "token"
    link.symlink_to("one/token")
    token = Token(str(link))
    assert token.matches(bearer("one"))
    (tmp_path / "new").symlink_to("two/token")
    os.replace(tmp_path / "new", link)
    assert token.matches(bearer("two"))
    assert not token.matches(bearer("one"))


@pytest.mark.parametrize("spoilt", ["gone", "empty"])
def test_a_token_that_is_gone_or_empty_leaves_the_last_one(spoilt: str, token_file: str) -> None:
    token = Token(token_file)
    assert token.known
    Path(token_file).unlink() if spoilt == "gone" else Path(token_file).write_text(" \n")
    assert token.matches(bearer(SECRET))
    for nothing in ("", bearer(""), basic("")):
        assert not token.matches(nothing)


@pytest.mark.parametrize("text", [None, "", " \n"])
def test_a_token_that_cannot_be_read_lets_nobody_in_and_is_no_way_to_begin(text: str | None, tmp_path: Path) -> None:
    path = tmp_path / "token"
    if text is not None:
        path.write_text(text)
    access = Access(AccessSettings(token_file=str(path)))
    assert access.to_read("/", {"host": "127.0.0.1", "authorization": "Bearer "}) is not None
    with pytest.raises(SettingsError, match="holds no token"):
        access.check()


def test_without_a_token_file_there_is_nothing_to_check() -> None:
    Access(AccessSettings()).check()
    assert not Token("").known
