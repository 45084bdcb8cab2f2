"""Constraints as SageMaker Model Monitor's `constraints.json` has them, and back. What it cannot say is told.

It says of a column its type, completeness (the share of rows with a value), that its numbers are not negative, and its values. Of
thresholds, `datatype_check_threshold` and `domain_content_threshold` are shares of rows as ours are; comparisons of
distributions are left to drift. See "Schema for Constraints (constraints.json file)" in Amazon's SageMaker guide.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from sidecar.core.reference.constraints import ALLOWED, Constraint, ValueType
from sidecar.core.words.rules import Rule

_TYPES = {ValueType.INTEGER: "Integral", ValueType.NUMBER: "Fractional", ValueType.STRING: "String"}
_READ = {name: kind for kind, name in _TYPES.items()}
_THRESHOLDS = {Rule.TYPE: "datatype_check_threshold", Rule.DOMAIN: "domain_content_threshold"}
_DEFAULT = 0.1
"""Of both thresholds, in SageMaker."""
_PLACES = 12
_KNOWN = frozenset(
    {"name", "inferred_type", "completeness", "num_constraints", "string_constraints", "monitoringConfigOverrides"}
)


class Translated(NamedTuple):
    """What was understood, and what was not, by column."""

    content: Any
    notes: tuple[str, ...]


def is_of(content: Mapping[str, Any]) -> bool:
    """Whether a file is one of these."""
    return "features" in content


def exported(constraints: Iterable[Constraint]) -> Translated:
    """The whole file."""
    notes: list[str] = []
    features = [_written(one, notes) for one in constraints]
    config = {
        "evaluate_constraints": "Enabled",
        "emit_metrics": "Enabled",
        **dict.fromkeys(_THRESHOLDS.values(), ALLOWED),
        "distribution_constraints": {"perform_comparison": "Disabled"},
    }
    return Translated({"version": 0, "features": features, "monitoring_config": config}, tuple(notes))


def imported(content: Mapping[str, Any]) -> Translated:
    """The constraints in a file. Raises ValueError, which names the place, if it is not such a file."""
    notes: list[str] = []
    read = msgspec.convert(content, _File)
    if read.monitoring_config.get("distribution_constraints", {}).get("perform_comparison") == "Enabled":
        notes.append("the file: distribution_constraints are left out; drift is judged by drift.*")
    features = [_read(one, read.monitoring_config, notes) for one in read.features]
    return Translated(tuple(one for one in features if one), tuple(notes))


class _File(msgspec.Struct, frozen=True):
    features: tuple[dict[str, Any], ...]
    monitoring_config: dict[str, Any] = {}


class _Feature(msgspec.Struct, frozen=True):
    name: str
    inferred_type: str = "Unknown"
    completeness: float = 0.0
    num_constraints: dict[str, Any] | None = None
    string_constraints: dict[str, Any] | None = None
    monitoringConfigOverrides: dict[str, Any] = {}  # noqa: N815  # SageMaker's name


def _written(one: Constraint, notes: list[str]) -> dict[str, Any]:
    kind = "String" if one.type is ValueType.BOOLEAN else _TYPES.get(one.type, "Unknown") if one.type else "Unknown"
    completeness = 0.0 if one.max_missing is None else round(1 - one.max_missing, _PLACES)
    feature: dict[str, Any] = {"name": one.feature, "inferred_type": kind, "completeness": completeness}
    if one.is_numeric:
        feature["num_constraints"] = {"is_non_negative": one.min is not None and one.min >= 0}
    if one.domain:
        feature["string_constraints"] = {"domains": list(one.domain)}
    shares = {name: one.allows(rule) for rule, name in _THRESHOLDS.items() if rule in one.rules}
    overrides = {name: share for name, share in shares.items() if share != ALLOWED}
    notes += [f"{one.feature}: {why}" for why in _unsaid(one)]
    return feature | ({"monitoringConfigOverrides": overrides} if overrides else {})


def _unsaid(one: Constraint) -> Iterable[str]:
    """What SageMaker has no words for."""
    if one.type is ValueType.BOOLEAN:
        yield "the type boolean is written as String"
    if one.min:
        yield f"min {one.min:g} is written as " + ("not negative" if one.min > 0 else "nothing")
    if one.max is not None:
        yield f"max {one.max:g} is left out"
    if not one.required:
        yield "required: false is left out; a column that is listed is required"
    for rule in (Rule.PATTERN, Rule.UNIQUE, Rule.MONOTONE):
        if rule in one.rules:
            yield f"{rule.value} is left out"
    for rule, share in one.allowed.items():
        if rule not in _THRESHOLDS:
            yield f"allowed {rule.value} {share:g} is left out"


def _read(given: Mapping[str, Any], config: Mapping[str, Any], notes: list[str]) -> Constraint | None:
    one = msgspec.convert(given, _Feature)
    notes += [f"{one.name}: {name} is not understood" for name in sorted(given.keys() - _KNOWN)]
    settings = {**config, **one.monitoringConfigOverrides}
    if settings.get("evaluate_constraints") == "Disabled":
        notes.append(f"{one.name}: left out, since its constraints are not evaluated")
        return None
    kind = _READ.get(one.inferred_type)
    if kind is None and one.inferred_type != "Unknown":
        notes.append(f"{one.name}: inferred_type {one.inferred_type} is not understood")
    domain = tuple(str(name) for name in (one.string_constraints or {}).get("domains", ()))
    if domain and kind in (ValueType.INTEGER, ValueType.NUMBER):
        notes.append(f"{one.name}: domains of a number are left out")
        domain = ()
    not_negative = bool((one.num_constraints or {}).get("is_non_negative")) and kind is not ValueType.STRING
    kind, domain, allowed = _allowed(one.name, kind, domain, settings, notes)
    return Constraint(
        one.name,
        type=kind,
        max_missing=round(1 - one.completeness, _PLACES) if one.completeness > 0 else None,
        min=0.0 if not_negative and not domain else None,
        domain=domain,
        allowed=allowed,
    )


def _allowed(
    name: str, kind: ValueType | None, domain: tuple[str, ...], settings: Mapping[str, Any], notes: list[str]
) -> tuple[ValueType | None, tuple[str, ...], dict[Rule, float]]:
    """Type and domain with the shares of rows that may break them; a share of 1 asks nothing."""
    shares = {rule: float(settings.get(key, _DEFAULT)) for rule, key in _THRESHOLDS.items()}
    asked = {Rule.TYPE: kind is not None, Rule.DOMAIN: bool(domain)}
    for rule, key in _THRESHOLDS.items():
        if asked[rule] and shares[rule] >= 1:
            notes.append(f"{name}: {rule.value} is left out, since {key} allows every row to break it")
            asked[rule] = False
    kind, domain = kind if asked[Rule.TYPE] else None, domain if asked[Rule.DOMAIN] else ()
    return kind, domain, {rule: shares[rule] for rule in _THRESHOLDS if asked[rule] and shares[rule] != ALLOWED}
