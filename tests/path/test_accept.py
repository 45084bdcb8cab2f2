"""The new normal: live rows become the reference by one command, and what alarmed no longer does."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from harness.program import Sidecar, eventually
from sidecar import cli
from sidecar.core.reference.profile_file import digest, loads
from sidecar.core.words.frame import Side
from tests.path.conftest import Start
from tests.path.test_promises import Server, drifted, reference, rows, rows_seen, send, server

__all__ = ["reference", "server"]
SETS = {"window.rows": 200, "reference_poll_seconds": 0.1}
SHIFT = 1.0


@pytest.fixture
def mounted(reference: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(reference, tmp_path / "reference.json"))


class Changed(NamedTuple):
    """A sidecar that has seen the change, and says so."""

    sidecar: Sidecar
    at: datetime
    """When it had seen all rows from before the change, and none from after it."""


@pytest.fixture
def changed(start: Start, server: Server, mounted: Path) -> Changed:
    sidecar = start(server.address, reference=mounted, **SETS)
    send(sidecar, rows(1_000, seed=2), batch=10)
    eventually(lambda: judged(sidecar) == 1_000)
    at = datetime.now(UTC)
    send(sidecar, rows(3_000, seed=3, shift=SHIFT), batch=10)
    eventually(lambda: judged(sidecar) == 4_000)
    eventually(lambda: drifted(sidecar.metrics()) == {"age"})
    return Changed(sidecar, at)


def judged(sidecar: Sidecar) -> float:
    return sidecar.metrics().total("model_feature_bin_total", side="input", feature="age")


def accept(sidecar: Sidecar, *arguments: str) -> int:
    return cli.main(["accept", "--admin", f"127.0.0.1:{sidecar.admin_port}", *arguments])


def test_what_is_accepted_is_normal_and_says_where_it_came_from(
    changed: Changed, mounted: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sidecar, at = changed
    before = loads(mounted.read_bytes())

    assert accept(sidecar, "--since", at.isoformat(), "--by", "ana", "-o", str(mounted)) == 0

    after = loads(mounted.read_bytes())
    assert after.lineage is not None
    assert (after.lineage.parent, after.lineage.accepted_by) == (digest(before), "ana")
    assert 1_000 <= after.sides[Side.INPUT].rows[0] <= 3_000, "none from before the change"
    assert after.sides[Side.INPUT].features == before.sides[Side.INPUT].features
    assert "accepted: rows of" in capsys.readouterr().err
    eventually(lambda: sidecar.metrics().total("sidecar_reference_reloads_total", result="ok") == 1)
    eventually(lambda: drifted(sidecar.metrics()) == set())
    send(sidecar, rows(3_000, seed=4, shift=SHIFT), batch=10)
    eventually(lambda: rows_seen(sidecar) == 7_000)
    assert drifted(sidecar.metrics()) == set()
    send(sidecar, rows(1_000, seed=5), batch=10)
    eventually(lambda: drifted(sidecar.metrics()) == {"age"})  # the old normal is drift now


def test_a_config_map_is_printed_for_kubectl_and_nothing_else(
    changed: Changed, capsys: pytest.CaptureFixture[str]
) -> None:
    assert accept(changed.sidecar, "--since", "1h", "--config-map", "fraud/next") == 0

    manifest = yaml.safe_load(capsys.readouterr().out)
    assert (manifest["kind"], manifest["metadata"]) == ("ConfigMap", {"name": "next", "namespace": "fraud"})
    assert loads(manifest["data"]["reference.json"].encode()).sides[Side.INPUT].rows[0] == 4_000


@pytest.mark.parametrize(
    ("since", "words"), [("yesterday", "neither a length of time nor a moment"), ("0s", "no rows came")]
)
def test_a_time_that_means_nothing_or_has_no_rows_is_an_error_that_says_what_to_do(
    changed: Changed, tmp_path: Path, since: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert accept(changed.sidecar, "--since", since, "-o", str(tmp_path / "next.json")) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "next.json").exists()


def test_without_a_verdict_a_time_is_asked_for(
    start: Start, server: Server, mounted: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sidecar = start(server.address, reference=mounted, **SETS)
    send(sidecar, rows(400, seed=2))
    eventually(lambda: rows_seen(sidecar) == 400)

    assert accept(sidecar, "-o", str(tmp_path / "next.json")) == 2
    assert "no feature drifts" in capsys.readouterr().err


def test_since_the_verdict_is_what_counts_if_no_time_is_given(changed: Changed, tmp_path: Path) -> None:
    assert accept(changed.sidecar, "-o", str(tmp_path / "next.json")) == 0

    lineage = loads((tmp_path / "next.json").read_bytes()).lineage
    assert lineage is not None
    assert changed.at.timestamp() < lineage.since < lineage.until
    assert lineage.accepted_by


def test_the_api_gives_pipelines_the_same(changed: Changed) -> None:
    sidecar = changed.sidecar
    features = sidecar.admin("GET /api/v1/features").json["features"]
    (since,) = [one["state_since"] for one in features if one["state"] == "drift"]

    answer = sidecar.admin(f"GET /api/v1/profile?since={since}&by=pipeline")

    assert answer.status == 200
    assert json.loads(answer.body)["lineage"]["accepted_by"] == "pipeline"
    assert sidecar.admin("GET /api/v1/profile?since=soon").status == 400
