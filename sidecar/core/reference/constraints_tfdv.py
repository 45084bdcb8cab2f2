"""Constraints as a schema of TensorFlow Data Validation has them, in JSON, and back. What cannot be said is told.

The JSON is that of protocol buffers: names with capitals (`minFraction`) or underscores, whole numbers of 64 bits as texts. A
schema says of a column its type, presence, range, values, and the least share of these. Without `distribution_constraints` every
value must be in the domain, as in TFDV. See schema.proto of tensorflow/metadata; a schema in text format is turned into JSON by
`google.protobuf.json_format.MessageToJson`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from sidecar.core.reference.constraints import Constraint, ValueType
from sidecar.core.reference.constraints_sagemaker import Translated
from sidecar.core.words.rules import Rule

_TYPES = {ValueType.INTEGER: "INT", ValueType.NUMBER: "FLOAT", ValueType.STRING: "BYTES", ValueType.BOOLEAN: "BYTES"}
_READ = {"INT": ValueType.INTEGER, "FLOAT": ValueType.NUMBER, "BYTES": ValueType.STRING}
_PLACES = 12
_KNOWN = frozenset(
    {"name", "type", "presence", "int_domain", "float_domain", "string_domain", "bool_domain", "domain", "shape", "value_count",
     "distribution_constraints", "lifecycle_stage", "not_in_environment", "in_environment", "annotation"}
)  # fmt: skip
_OTHERWISE = {
    "drift_comparator": "drift is judged by drift.*",
    "skew_comparator": "drift is judged by drift.*",
    "unique_constraints": "it counts distinct values, and a stream has no end",
}
_UNUSED = frozenset({"DEPRECATED", "PLANNED", "ALPHA", "DEBUG_ONLY", "DISABLED"})
"""Stages whose features TFDV does not validate."""
_CAPITAL = re.compile(r"(?<=[a-z0-9])([A-Z])")


class _Feature(msgspec.Struct, frozen=True):
    """What parts of a feature must be, so that they can be read."""

    name: Annotated[str, Meta(min_length=1)]
    type: str = ""
    domain: str = ""
    presence: dict[str, Any] = {}
    shape: dict[str, list[dict[str, Any]]] = {}
    value_count: dict[str, Any] = {}
    distribution_constraints: dict[str, float] = {}
    string_domain: dict[str, Any] = {}
    int_domain: dict[str, Any] = {}
    float_domain: dict[str, Any] = {}
    not_in_environment: tuple[str, ...] = ()


def is_of(content: Mapping[str, Any]) -> bool:
    """Whether a file is one of these."""
    return "feature" in content


def exported(constraints: Iterable[Constraint]) -> Translated:
    """The whole schema."""
    notes: list[str] = []
    return Translated({"feature": [_written(one, notes) for one in constraints]}, tuple(notes))


def imported(content: Mapping[str, Any]) -> Translated:
    """The constraints in a schema. Raises ValueError, which names the place, if it is not one."""
    schema = _with_underscores(content)
    features = msgspec.convert(schema.get("feature", ()), tuple[dict[str, Any], ...])
    domains = {
        one.get("name"): (kind, one)
        for kind in ("string_domain", "int_domain", "float_domain")
        for one in schema.get(kind, ())
    }
    notes = [f"the schema: {key} is left out" for key in sorted(schema.keys() - {"feature", *_DOMAINS, "annotation"})]
    found = [_read(one, domains, notes) for one in features]
    return Translated(tuple(one for one in found if one), tuple(notes))


_DOMAINS = ("string_domain", "int_domain", "float_domain", "default_environment")


def _written(one: Constraint, notes: list[str]) -> dict[str, Any]:
    feature: dict[str, Any] = {"name": one.feature}
    if one.type:
        feature["type"] = _TYPES[one.type]
    presence: dict[str, Any] = {"minCount": "1"} if one.required else {}
    if one.max_missing is not None and one.max_missing < 1:
        presence = {"minFraction": round(1 - one.max_missing, _PLACES)} | presence
    if presence:
        feature["presence"] = presence
    feature |= _domain_of(one)
    if one.domain:
        feature["distributionConstraints"] = {"minDomainMass": round(1 - one.allows(Rule.DOMAIN), _PLACES)}
    notes += [f"{one.feature}: {why}" for why in _unsaid(one)]
    return feature


def _domain_of(one: Constraint) -> dict[str, Any]:
    if one.domain:
        return {"stringDomain": {"value": list(one.domain)}}
    if one.type is ValueType.BOOLEAN:
        return {"boolDomain": {"trueValue": "true", "falseValue": "false"}}
    ends = {"min": one.min, "max": one.max}
    known = {name: end for name, end in ends.items() if end is not None}
    if not known:
        return {}
    if one.type is ValueType.INTEGER and all(end.is_integer() for end in known.values()):
        return {"intDomain": {name: str(int(end)) for name, end in known.items()}}
    return {"floatDomain": known}


def _unsaid(one: Constraint) -> Iterable[str]:
    """What a schema has no words for."""
    if not one.required and one.max_missing is not None and one.max_missing < 1:
        yield "required: false is left out, since presence asks for the column"
    for rule in (Rule.PATTERN, Rule.UNIQUE, Rule.MONOTONE):
        if rule in one.rules:
            yield f"{rule.value} is left out"
    for rule, share in one.allowed.items():
        if rule is not Rule.DOMAIN or not one.domain:
            yield f"allowed {rule.value} {share:g} is left out"


def _read(
    one: Mapping[str, Any], domains: Mapping[Any, tuple[str, Mapping[str, Any]]], notes: list[str]
) -> Constraint | None:
    name = msgspec.convert(one, _Feature).name
    unused = _unused(one)
    if unused:
        notes.append(f"{name}: left out, since {unused}")
        return None
    for key in sorted(one.keys() - _KNOWN):
        notes.append(f"{name}: {key} is left out" + (f"; {_OTHERWISE[key]}" if key in _OTHERWISE else ""))
    if _is_list(one):
        notes.append(f"{name}: its shape is left out; a column has one value a row")
    kind = _READ.get(str(one.get("type", "")))
    presence = one.get("presence") or {}
    if int(presence.get("min_count", 0)) > 1:
        notes.append(f"{name}: min_count {presence['min_count']} is read as 1, since a stream has no end")
    fraction = float(presence.get("min_fraction", 0))
    known, domain = _domain(one, domains)
    asked: dict[str, Any] = {}
    if known == "bool_domain":
        kind = ValueType.BOOLEAN
    elif known == "string_domain":
        asked = _values(name, kind, one, domain, notes)
    elif known:
        asked = {end: float(domain[end]) for end in ("min", "max") if domain.get(end) is not None}
        notes += [f"{name}: {key} is left out" for key in sorted(domain.keys() - {"name", "min", "max"})]
        kind = _kind_of_range(name, kind, known, notes) if asked else kind
    return Constraint(
        name,
        type=kind,
        required=bool(presence) and (fraction > 0 or int(presence.get("min_count", 0)) > 0),
        max_missing=round(1 - fraction, _PLACES) if fraction > 0 else None,
        **asked,
    )


def _kind_of_range(name: str, kind: ValueType | None, known: str, notes: list[str]) -> ValueType | None:
    """Numbers may be sent as texts, which are read as numbers here."""
    if kind is ValueType.STRING:
        notes.append(f"{name}: type BYTES with a range is read as a number")
        return ValueType.INTEGER if known == "int_domain" else ValueType.NUMBER
    return kind


def _values(
    name: str, kind: ValueType | None, one: Mapping[str, Any], domain: Mapping[str, Any], notes: list[str]
) -> dict[str, Any]:
    values = tuple(str(value) for value in domain.get("value", ()))
    if kind in (ValueType.INTEGER, ValueType.NUMBER):
        notes.append(f"{name}: a string_domain of numbers is left out")
        return {}
    mass = float((one.get("distribution_constraints") or {}).get("min_domain_mass", 1.0))
    if mass <= 0 or not values:
        notes.append(f"{name}: its values are left out, since every row may have others")
        return {}
    return {"domain": values, "allowed": {Rule.DOMAIN: round(1 - mass, _PLACES)}}


def _domain(
    one: Mapping[str, Any], domains: Mapping[Any, tuple[str, Mapping[str, Any]]]
) -> tuple[str, Mapping[str, Any]]:
    """Its kind and content, also of one that the schema shares; empty where there is none."""
    if one.get("domain") in domains:
        return domains[one["domain"]]
    kinds = ("string_domain", "int_domain", "float_domain", "bool_domain")
    return next(((kind, one[kind]) for kind in kinds if kind in one), ("", {}))


def _unused(one: Mapping[str, Any]) -> str:
    """Why TFDV itself would not look at it in what is served; empty if it would."""
    stage = one.get("lifecycle_stage")
    if stage in _UNUSED:
        return f"its stage is {stage}"
    return "it is not in the environment SERVING" if "SERVING" in (one.get("not_in_environment") or ()) else ""


def _is_list(one: Mapping[str, Any]) -> bool:
    sizes = [str(dim.get("size", 1)) for dim in (one.get("shape") or {}).get("dim", ())]
    most = str((one.get("value_count") or {}).get("max", 1))
    return any(size != "1" for size in sizes) or most != "1"


def _with_underscores(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {_CAPITAL.sub(r"_\1", key).lower(): _with_underscores(inner) for key, inner in value.items()}
    return [_with_underscores(inner) for inner in value] if isinstance(value, list) else value
