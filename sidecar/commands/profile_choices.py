"""`drift-sidecar profile`: what the options say of single columns, in the words of the core."""

from __future__ import annotations

import argparse
import secrets
from pathlib import Path

import msgspec

from sidecar.core.binning.bins import SECRET_BYTES, Kind
from sidecar.core.binning.derive import KINDS as DERIVED_KINDS
from sidecar.core.binning.derived.time import Time
from sidecar.core.binning.time_texts import FORMS
from sidecar.core.reference.choices import Choices
from sidecar.core.words.cell_texts import Reading
from sidecar.data import parquet
from sidecar.data.columns import names_in
from sidecar.errors import UserError

_DECIMALS = (".", ",")
_GROUPINGS = (",", ".", " ", "'")


def choices_of(options: argparse.Namespace) -> Choices:
    """Raises UserError for an option that says nothing sensible."""
    kinds, derive, times = _kinds(options.kind)
    null = tuple(dict.fromkeys(text.strip() for each in options.null for text in each.split(",") if text.strip()))
    decimals = _by_column("--decimal", options.decimal, _DECIMALS)
    groupings = _by_column("--thousands", options.thousands, _GROUPINGS)
    whole = Reading(null=null, decimal=decimals.pop("", "."), thousands=groupings.pop("", ""))
    numeric = {name for name, kind in kinds.items() if kind is Kind.NUMERIC}
    readings = {
        name: Reading(
            null=null,
            decimal=decimals.get(name, whole.decimal),
            thousands=groupings.get(name, whole.thousands),
            signs=name in numeric or name in decimals or name in groupings,
            time=times.get(name, ""),
        )
        for name in {*numeric, *decimals, *groupings, *times}
    }
    for name, reading in (("", whole), *readings.items()):
        if reading.decimal == reading.thousands:
            what = f"the decimal sign and that of thousands of {name!r}" if name else "--decimal and --thousands"
            raise UserError(what, f"are both {reading.decimal!r}", "Give two different signs")
    signs = options.decimal or options.thousands
    return Choices(
        kinds=kinds,
        derive=derive,
        reading=msgspec.structs.replace(whole, signs=bool(signs) and whole.is_local),
        readings=readings,
        include=names_in(",".join(options.include)) | names_in(options.outputs),
        category_rows=options.min_category_rows,
        withhold=True,
        secret=secrets.token_hex(SECRET_BYTES),
        index=frozenset(name for path in options.data if _is_parquet(path) for name in parquet.index_of(Path(path))),
    )


def named_columns(choices: Choices, outputs: str) -> frozenset[str]:
    """Columns that options name, so that they must be there."""
    return frozenset({*choices.kinds, *choices.derive, *choices.readings, *choices.include} - names_in(outputs))


def _is_parquet(path: str) -> bool:
    return path.lower().endswith((".parquet", ".pq"))


def _kinds(overrides: list[str]) -> tuple[dict[str, Kind], dict[str, str], dict[str, str]]:
    """Columns that are counted themselves, columns that features are derived from, and the form of times."""
    kinds: dict[str, Kind] = {}
    derive: dict[str, str] = {}
    times: dict[str, str] = {}
    for override in overrides:
        name, _, said = override.rpartition("=")
        kind, _, form = said.partition(":")
        if not name or kind not in {*Kind, *DERIVED_KINDS}:
            known = ", ".join((*(one.value for one in Kind), *DERIVED_KINDS))
            raise UserError(f"--kind {override}", "is not NAME=KIND", f"KIND is one of {known}")
        if form and (kind != Time.name or form not in FORMS):
            raise UserError(
                f"--kind {override}", "has an unknown form", f"Only time has forms: time:{', time:'.join(FORMS)}"
            )
        if kind in DERIVED_KINDS:
            derive[name] = kind
            times |= {name: form} if form else {}
        else:
            kinds[name] = Kind(kind)
    return kinds, derive, times


def _by_column(option: str, given: list[str], known: tuple[str, ...]) -> dict[str, str]:
    """Signs by column; those of all columns under the empty name."""
    signs: dict[str, str] = {}
    for each in given:
        name, _, sign = each.rpartition("=")
        sign = {"space": " ", "apostrophe": "'"}.get(sign, sign)
        if sign not in known:
            allowed = ", ".join(map(repr, known))
            raise UserError(f"{option} {each}", "is no sign, nor NAME=SIGN", f"The sign is one of {allowed}")
        signs[name] = sign
    return signs
