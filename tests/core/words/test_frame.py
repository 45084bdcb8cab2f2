"""How a value of several cells is spread over columns."""

from __future__ import annotations

import pytest

from sidecar.core.words.frame import spread


@pytest.mark.parametrize(
    ("width", "names"),
    [(0, ()), (1, ("x",)), (2, ("x[0]", "x[1]")), (3, ("x[0]", "x[1]", "x[2]"))],
)
def test_a_single_cell_keeps_its_name_and_several_are_numbered(width: int, names: tuple[str, ...]) -> None:
    assert spread("x", width) == names
