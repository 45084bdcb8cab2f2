"""Laws of the folders whose members are listed in one visible tuple: whatever lies in the folder is listed."""

from __future__ import annotations

import importlib
import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType

import pytest

from sidecar import sinks
from sidecar.core.binning import derived
from sidecar.core.binning.derived import DERIVATIONS
from sidecar.core.reading import decoders
from sidecar.core.reading.decoders import DECODERS
from sidecar.core.scores import measures
from sidecar.core.scores.measures import MEASURES
from sidecar.sinks import SINKS

ROOT = Path(__file__).parents[2]
REGISTRIES: dict[ModuleType, Callable[[], Iterable[str]]] = {
    decoders: lambda: (member.__module__ for member in DECODERS),
    measures: lambda: (type(member).__module__ for member in MEASURES),
    derived: lambda: (type(member).__module__ for member in DERIVATIONS),
    sinks: lambda: (f"{sinks.__name__}.{member.name}" for member in SINKS),
}
"""Folder, and the modules of those that it lists."""


def unlisted(folder: Path, listed: Iterable[str]) -> set[str]:
    """Modules and packages of the folder that are not among the listed."""
    found = {path.stem for path in folder.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    return found - {"__init__"} - {name.rpartition(".")[2] for name in listed}


@pytest.mark.parametrize("package", REGISTRIES, ids=lambda package: package.__name__)
def test_every_module_of_a_registry_s_folder_is_listed_once(package: ModuleType) -> None:
    listed = list(REGISTRIES[package]())

    assert unlisted(Path(package.__path__[0]), listed) == set()
    assert len(set(listed)) == len(listed) > 1


def test_a_module_that_is_not_listed_is_found(tmp_path: Path) -> None:
    for name in ("__init__.py", "known.py", "forgotten.py", "package/__init__.py", "__pycache__/known.pyc", "page.css"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()

    assert unlisted(tmp_path, ["sidecar.folder.known"]) == {"forgotten", "package"}


def test_every_folder_whose_members_do_not_know_each_other_is_a_registry() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    folders = [module for one in contracts if one["type"] == "independence" for module in one["modules"]]

    assert {importlib.import_module(folder.removesuffix(".*")) for folder in folders} == set(REGISTRIES)
