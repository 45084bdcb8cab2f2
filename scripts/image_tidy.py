"""The last step of the image's build: says what is in the environment, and takes out what only builds and tests need.

`image_tidy.py ENVIRONMENT` writes ENVIRONMENT/sbom.cdx.json (CycloneDX 1.5), removes pip, setuptools, tests, type stubs and
sources of compiled modules, and makes everything readable for any user: clusters choose numbers of their own (OpenShift).
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

BUILDERS = {"pip", "setuptools", "wheel", "pkg_resources", "_distutils_hack"}
TESTS = {"tests", "test", "testing"}
KEPT = {"numpy/testing"}
"""numpy imports its `testing` where a name of it is asked for."""
SUFFIXES = (".pyi", ".pyx", ".pxd", ".c", ".h", ".hpp", ".cpp", ".pc", ".a")


def bill(found: list[Distribution]) -> dict[str, Any]:
    """What is installed, as CycloneDX."""
    components = [
        {
            "type": "library",
            "name": one.name,
            "version": one.version,
            "purl": f"pkg:pypi/{one.name.lower().replace('_', '-')}@{one.version}",
            "licenses": [{"license": {"name": licence}}] if (licence := _licence(one)) else [],
        }
        for one in found
    ]
    return {"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "components": components}


def _licence(one: Distribution) -> str:
    said = one.metadata.get("License-Expression") or one.metadata.get("License") or ""
    return str(said).splitlines()[0][:100] if said else ""


def tidy(environment: Path) -> None:
    """Remove what is not needed at run time."""
    (packages,) = environment.glob("lib/python3*/site-packages")
    for path in packages.iterdir():
        if path.name.split("-")[0] in BUILDERS or path.name == "distutils-precedence.pth":
            _remove(path)
    for path in sorted(packages.rglob("*")):
        inner = str(path.relative_to(packages))
        folder = path.is_dir() and (path.name == "__pycache__" or (path.name in TESTS and inner not in KEPT))
        if folder or path.suffix in SUFFIXES:
            _remove(path)
    for path in environment.glob("bin/*"):
        if path.name.startswith(("pip", "activate", "Activate")):
            path.unlink()


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def open_up(environment: Path) -> None:
    """Readable for all, writable for none but the owner."""
    for path in (environment, *environment.rglob("*")):
        if not path.is_symlink():
            runs = path.is_dir() or (os.access(path, os.X_OK) and path.parent.name == "bin")
            path.chmod(0o755 if runs else 0o644)


def main() -> None:
    """See the module."""
    environment = Path(sys.argv[1])
    found = sorted((one for one in distributions() if one.name not in BUILDERS), key=lambda one: one.name.lower())
    (environment / "sbom.cdx.json").write_text(json.dumps(bill(found), indent=1) + "\n")
    tidy(environment)
    open_up(environment)


if __name__ == "__main__":
    main()
