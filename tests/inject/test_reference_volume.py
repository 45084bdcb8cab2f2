"""The annotation of the reference becomes a setting, and a volume where it is an object of the cluster."""

from __future__ import annotations

from typing import Any

import pytest

from sidecar.inject.annotations import read_annotations
from sidecar.inject.options import Options, Refused
from sidecar.inject.reference_volume import DIRECTORY, Reference, find_reference


def found(text: str | None, **settings: Any) -> Reference:
    annotations = {} if text is None else {"drift-sidecar/reference": text}
    pod = {"metadata": {"annotations": annotations}, "spec": {"containers": []}}
    return find_reference(read_annotations(pod, Options(settings=settings)))


@pytest.mark.parametrize("text", ["https://m/r.json?sig=a", "http://m/r", "/var/r.json", ""])
def test_urls_and_paths_are_settings_without_a_volume(text: str) -> None:
    assert found(text) == Reference(text)


@pytest.mark.parametrize(
    ("text", "path", "source"),
    [
        ("configmap:a.b-c", "reference.json", {"configMap": {"name": "a.b-c"}}),
        ("secret:s/k_1.json", "k_1.json", {"secret": {"secretName": "s"}}),
        ("pvc:c/deep/r.json", "deep/r.json", {"persistentVolumeClaim": {"claimName": "c", "readOnly": True}}),
    ],
)
def test_objects_are_mounted(text: str, path: str, source: dict[str, Any]) -> None:
    assert found(text) == Reference(f"{DIRECTORY}/{path}", {"name": "drift-sidecar-reference", **source})


def test_without_an_annotation_it_is_the_options_reference() -> None:
    assert found(None, reference="configmap:all").volume == {
        "name": "drift-sidecar-reference",
        "configMap": {"name": "all"},
    }
    assert found(None) == Reference("")


@pytest.mark.parametrize(
    "text", ["file.json", "configmap:", "configmap:A", "secret:a/b/c", "pvc:a/../b", "/a/../b", "ftp://x", "pvc:a\n"]
)
def test_everything_else_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="drift-sidecar/reference"):
        found(text)
