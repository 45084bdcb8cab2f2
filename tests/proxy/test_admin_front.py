"""Who may ask for a drain."""

from __future__ import annotations

import pytest

from sidecar.proxy.admin_front import is_loopback


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"])
def test_the_pod_itself_is_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["", "10.0.0.127", "128.0.0.1", "::12", "::1:7f00:1", "::ffff:10.127.0.1", "fe80::1"])
def test_nobody_else_is(host: str) -> None:
    assert not is_loopback(host)
