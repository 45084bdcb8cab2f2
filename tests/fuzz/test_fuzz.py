"""The short form of `make fuzz`: a fixed seed, and every input that once was a finding."""

from __future__ import annotations

import pytest

from harness.fuzz import engine
from harness.fuzz.engine import Target, run
from harness.fuzz.mutator import Mutator
from harness.fuzz.targets import TARGETS, everything

INPUTS = 300
each_target = pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)


@each_target
def test_inputs_that_nobody_would_send_do_nothing_but_what_is_documented(target: Target) -> None:
    corpus = everything(target)
    whole = run(target, corpus)
    assert whole.findings == {}
    assert whole.accepted
    mutator = Mutator(corpus, target.tokens, seed=1)
    report = run(target, (mutator.one() for _ in range(INPUTS)))
    assert report.findings == {}
    assert report.accepted >= target.least_accepted * INPUTS


def test_names_are_unique() -> None:
    assert len({target.name for target in TARGETS}) == len(TARGETS)


def planted(data: bytes) -> bool:
    if b"0" in data:
        raise KeyError("zero")
    if b"[" in data:
        raise ValueError("documented")
    return True


def test_an_error_that_is_not_documented_is_a_finding_and_others_are_none() -> None:
    report = run(Target("planted", list, planted, (ValueError,)), [b"a 0", b"0", b"[", b"b"])
    (finding,) = report.findings.values()
    assert (finding.data, finding.what) == (b"0", "KeyError: 'zero'")  # the shortest of its kind
    assert (report.inputs, report.accepted) == (4, 1)


def test_what_computes_too_long_or_grows_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "CPU_SECONDS", -1.0)
    monkeypatch.setattr(engine, "GROWTH_BYTES", -1)
    assert set(run(Target("planted", list, planted), [b"b"]).findings) == {"processor time", "memory"}


def test_the_same_seed_makes_the_same_inputs_and_another_makes_others() -> None:
    def made(seed: int) -> list[bytes]:
        mutator = Mutator([b'{"a":[1,2]}', b"plain"], (), seed)
        return [mutator.one() for _ in range(100)]

    assert made(1) == made(1) != made(2)
    assert len(set(made(1))) > 50
