"""The grammar of a page against what Prometheus reads (`tests/real/test_merged_pages.py`), and what is left out of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.pages import READABLE, UNREADABLE
from sidecar.core.reading.metrics_page import family_of, read_page


@pytest.mark.parametrize("name", READABLE)
def test_a_page_that_prometheus_reads_keeps_every_line_that_says_something(name: str) -> None:
    page = READABLE[name]

    kept, left_out = read_page(page.body, page.openmetrics).without(set())

    said = [line for line in page.body.splitlines() if line.strip() and not _is_comment(line)]
    assert (kept.splitlines(), left_out) == (said, 0)


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_page_that_prometheus_does_not_read_is_refused(name: str) -> None:
    page = UNREADABLE[name]
    with pytest.raises(ValueError, match=r"line \d+ is no line of metrics|does not end with `# EOF`|can't decode byte"):
        read_page(page.body, page.openmetrics)


def test_the_line_at_fault_is_named_and_not_all_of_it() -> None:
    with pytest.raises(ValueError, match=r"line 2 .*'<html>y{74}'$"):
        read_page(b"x 1\n<html>" + b"y" * 500 + b"\n", openmetrics=False)


def test_families_that_are_ours_are_left_out_with_what_is_said_about_them() -> None:
    page = read_page(
        b"# HELP model_rows Rows.\n# TYPE model_rows counter\nmodel_rows_total 4\nmodel_rows_of_theirs 1\n",
        openmetrics=False,
    )
    assert page.without({"model_rows"}) == (b"model_rows_of_theirs 1\n", 3)


@pytest.mark.parametrize("suffix", ["", "_total", "_bucket", "_sum", "_count", "_created", "_info", "_gsum", "_gcount"])
def test_a_sample_is_of_the_family_that_its_name_begins_with(suffix: str) -> None:
    assert family_of(f"requests{suffix}") == "requests"


@pytest.mark.parametrize(
    "line",
    [
        b"x " + b"1" * 200_000 + b"z",
        b"x" + b" " * 200_000 + b"-",
        b"x 1" + b" " * 200_000 + b"-",
        b"x{" + b" " * 200_000 + b"-",
        b"x{a" + b" " * 200_000 + b"-",
        b"x{a=" + b" " * 200_000 + b"-",
        b'x{a="1"' + b" " * 200_000 + b"-",
        b'x{a="' + b'\\"' * 100_000,
        b"x{" + b'a="1",' * 30_000 + b"-",
        b"#" + b" " * 200_000 + b"TYPE" + b" " * 200_000 + b"-",
    ],
    ids=lambda line: line[:8].decode(),
)
@pytest.mark.timeout(60)
def test_a_hostile_line_costs_no_more_than_its_length(line: bytes) -> None:
    for openmetrics in (False, True):
        with pytest.raises(ValueError, match=r"line 1 is no line"):
            read_page(line + b"\n# EOF\n" * openmetrics, openmetrics)


@given(st.binary(), st.booleans())
def test_whatever_a_model_answers_is_read_or_refused(body: bytes, openmetrics: bool) -> None:
    try:
        page = read_page(body, openmetrics)
    except ValueError:
        return
    kept, _ = page.without(set())
    assert not kept or kept.endswith(b"\n")


def _is_comment(line: bytes) -> bool:
    return line.startswith(b"#") and line.split()[1:2] not in ([b"HELP"], [b"TYPE"], [b"UNIT"])
