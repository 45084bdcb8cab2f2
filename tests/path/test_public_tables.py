"""Half of a public table through the whole program, against the other half: no verdict but `ok`."""

from __future__ import annotations

from pathlib import Path

import pytest
from sklearn.datasets import load_breast_cancer

from harness.program import Model, Sidecar, eventually
from harness.public_tables import WIRES, halves, profiled, requests
from tests.path.conftest import Start

DIFFERENT = "mean radius"


def drive(sidecar: Sidecar, model: Model, table: object, wire: str) -> None:
    """Each request is answered before the next."""
    with sidecar.connect() as client, model.accept() as upstream:
        for one in requests(table, wire):
            assert one.request
            assert one.response
            body = one.request.body
            lines = one.request.head.removesuffix(b"\r\n")
            answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(one.response.body), one.response.body)
            client.send(b"%sContent-Length: %d\r\n\r\n%s" % (lines, len(body), body))
            upstream.head()
            upstream.expect(body)
            upstream.send(answer)
            client.expect(answer)


@pytest.mark.parametrize("wire", WIRES)
def test_a_table_is_quiet_beside_its_other_half_and_told_when_it_moves(
    wire: str, start: Start, model: Model, tmp_path: Path
) -> None:
    reference, live = halves(load_breast_cancer(as_frame=True).frame, seed=0)
    profiled(reference, tmp_path)
    sidecar = start(model.address, reference=str(tmp_path / "reference.json"))
    model.accept().close()

    drive(sidecar, model, live, wire)
    quiet = eventually(lambda: "insufficient" not in (found := states(sidecar)) and found)
    moved = live.assign(**{DIFFERENT: live[DIFFERENT] * 2})

    def drifted() -> dict[str, set[str]] | None:
        drive(sidecar, model, moved, wire)
        found = states(sidecar)
        return found if "drift" in found else None

    assert set(quiet) == {"ok"}
    assert len(quiet["ok"]) >= live.shape[1]
    assert eventually(drifted)["drift"] <= {DIFFERENT, "*"}


def states(sidecar: Sidecar) -> dict[str, set[str]]:
    """The features in each state."""
    found: dict[str, set[str]] = {}
    for labels, value in sidecar.metrics().samples("model_drift_state", side="input"):
        if value:
            found.setdefault(labels["state"], set()).add(labels["feature"])
    return found
