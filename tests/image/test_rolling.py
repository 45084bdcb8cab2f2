"""One of two pods is replaced under load, in both drain orders; `python -m benchmarks.rolling` does it twenty times."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.podman import Podman
from harness.rolling import Order, replaced


@pytest.mark.parametrize("order", [Order.NATIVE, Order.REGULAR])
def test_replacing_a_pod_under_load_fails_no_request(podman: Podman, tmp_path: Path, order: Order) -> None:
    answered, failed = replaced(podman, tmp_path, 1, order)

    assert not failed
    assert answered > 100


def test_the_load_sees_a_pod_that_ends_without_its_hooks(podman: Podman, tmp_path: Path) -> None:
    assert replaced(podman, tmp_path, 1, Order.CARELESS)[1]
