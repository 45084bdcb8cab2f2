"""The image, built once for all tests that run it."""

from __future__ import annotations

import sys

import pytest

from harness.podman import BASE, IMAGE, Podman


@pytest.fixture(scope="package")
def podman(tmp_path_factory: pytest.TempPathFactory) -> Podman:
    """With the image built."""
    made = Podman(tmp_path_factory.mktemp("podman"))
    made.storage.mkdir(parents=True, exist_ok=True)
    made.script("scripts/image_base", BASE)
    made.script("scripts/image", sys.executable, BASE, IMAGE)
    made.run("image", "prune", "--force")
    return made
