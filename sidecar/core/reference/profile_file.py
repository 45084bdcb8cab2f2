"""A profile as a file: versioned JSON with a content digest, small enough for a ConfigMap.

Works on bytes; the shell reads and writes files. Everything is checked when a file is loaded, so that nobody has to
check again: the version, the digest, and that counts fit the bins. Constraints stand beside the content, for people to edit, and
are checked by `constraints_file`.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
from collections.abc import Iterable
from dataclasses import replace
from typing import Annotated, Any

import msgspec
import numpy as np
import orjson
from msgspec import Meta

from sidecar.core.binning.binner import Binner
from sidecar.core.binning.bins import MAX_BINS, RARE_DIGITS, SECRET_BYTES, Derived, Feature, Kind, rare_key
from sidecar.core.binning.derive import check_derived
from sidecar.core.binning.grain import MOST_DIGITS
from sidecar.core.binning.rank_scores import taking_part
from sidecar.core.binning.rounding import BINARY
from sidecar.core.reference.constraints_file import section_of, with_section
from sidecar.core.reference.joint import TRIPLED, Joint, Products, triples
from sidecar.core.reference.moments import Moments
from sidecar.core.reference.profile import LeftOut, Lineage, Profile, SideProfile
from sidecar.core.reference.seasons import Season, Seasons
from sidecar.core.words.arrays import Counts, Floats
from sidecar.core.words.cell_texts import PLAIN, Reading
from sidecar.core.words.frame import Side
from sidecar.errors import ReferenceFileError

FORMAT = "drift-sidecar/profile"
VERSION = 1
_FIX = "Make it again with `drift-sidecar profile`"
_FIX_CONSTRAINTS = "Mend its section `constraints`"


class _Label(msgspec.Struct, frozen=True):
    """The head of a file, beside format, version and digest."""

    name: str = ""
    created: str = ""
    lineage: Lineage | None = None


class _Range(msgspec.Struct, frozen=True):
    """Moments of one numeric feature; absent without finite values. `squares` is the sum of squared deviations from the
    mean and not its root, so that a file that is read and written again is equal to the bit, and has the same digest.
    """

    count: Annotated[int, Meta(ge=1)]
    mean: float
    squares: Annotated[float, Meta(ge=0)]
    min: float
    max: float


class _Feature(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    name: str
    kind: Kind
    counts: tuple[Annotated[int, Meta(ge=0, le=2**53)], ...]
    edges: tuple[float, ...] = ()
    categories: tuple[str, ...] = ()
    rare: tuple[str, ...] = ()
    """Names in clear, as earlier releases wrote them; they are read as keys."""
    rare_keys: tuple[Annotated[str, Meta(pattern=f"^[0-9a-f]{{{RARE_DIGITS}}}$")], ...] = ()
    rare_secret: Annotated[str, Meta(pattern=f"^([0-9a-f]{{{2 * SECRET_BYTES}}})?$")] = ""
    rare_complete: bool = True
    moments: _Range | None = None
    derived: Derived | None = None
    importance: Annotated[float, Meta(ge=0)] = 1.0
    precision: str = ""
    places: Annotated[int, Meta(ge=0, le=MOST_DIGITS)] | None = None
    digits: Annotated[int, Meta(ge=1, le=MOST_DIGITS)] | None = None
    reading: Reading = PLAIN
    labelled: bool = False
    """Categories are labels whose key is lost: their rows are read as `other`."""


_Counts = tuple[tuple[Annotated[int, Meta(ge=0, le=2**53)], ...], ...]


class _Segments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    by: Annotated[str, Meta(min_length=1)]
    counts: dict[str, dict[Side, _Counts]]
    """By segment and side: the counts of each feature, as in `sides`."""


_Numbers = tuple[float, ...]


class _Joint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A `Joint`: upper triangles with the diagonal, row by row."""

    rows: Annotated[int, Meta(ge=0)]
    correlations: _Numbers
    influence: _Numbers = ()
    """In files of 0.1, which say too little of how sure a correlation is: they load, and their relations are not watched."""
    squares: _Numbers = ()
    triples: _Numbers = ()
    triple_squares: _Numbers = ()
    largest: _Numbers = ()


class _Seasons(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    season: Season
    counts: dict[Side, dict[str, _Counts]]
    """By side and number of the season: the counts of each feature, as in `sides`."""


class _OneStream(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    sides: dict[Side, tuple[_Feature, ...]]
    segments: _Segments | None = None
    joint: dict[Side, _Joint] = {}
    seasons: _Seasons | None = None
    left_out: dict[Side, tuple[LeftOut, ...]] = {}


_StreamName = Annotated[str, Meta(min_length=1)]


class _Content(_OneStream, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    streams: dict[_StreamName, _OneStream] = {}
    """Further streams, by name."""


def dumps(profile: Profile) -> bytes:
    """The bytes of the file, for `loads`. The digest is the same for the same data: it leaves out the head."""
    content = _content(profile)
    head = {"format": FORMAT, "version": VERSION, "name": profile.name, "created": profile.created}
    if profile.lineage:
        head["lineage"] = profile.lineage
    constraints = section_of(profile)
    head |= {"constraints": constraints} if constraints else {}
    head |= {"digest": _digest(content), "content": content}
    return orjson.dumps(head, option=orjson.OPT_APPEND_NEWLINE)


def digest(profile: Profile) -> str:
    """SHA-256 over the canonical JSON of the content, as 64 hex digits."""
    return _digest(_content(profile)).removeprefix("sha256:")


def loads(data: bytes, name: str = "reference") -> Profile:
    """The profile in a file that `dumps` made. Raises ReferenceFileError, which names the file, the reason and the fix."""
    fail = functools.partial(ReferenceFileError, name)
    try:
        head = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise fail(f"is not JSON ({error})", _FIX) from error
    if not isinstance(head, dict) or head.get("format") != FORMAT:
        raise fail(f'is not a profile: `format` is not "{FORMAT}"', _FIX)
    if head.get("version") != VERSION:
        raise fail(f"has version {head.get('version')!r}, and this release reads version {VERSION}", _FIX)
    content = head.get("content")
    if head.get("digest") != _digest(content):
        raise fail("does not match its digest, so it was changed or damaged after it was made", _FIX)
    try:
        label = msgspec.convert(head, _Label)
        read = msgspec.convert(content, _Content)
        streams = {one: replace(_profile(of), name=one, created=label.created) for one, of in read.streams.items()}
        profile = replace(
            _profile(read), name=label.name, created=label.created, lineage=label.lineage, streams=streams
        )
    except (msgspec.ValidationError, ValueError) as error:
        raise fail(f"is not consistent ({error})", _FIX) from error
    try:
        return with_section(profile, head.get("constraints", {}))
    except (msgspec.ValidationError, ValueError) as error:
        raise fail(f"has constraints that cannot be used ({error})", _FIX_CONSTRAINTS) from error


def _digest(content: Any) -> str:
    return "sha256:" + hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _content(profile: Profile) -> Any:
    streams = {name: _one_stream(of_stream) for name, of_stream in sorted(profile.streams.items())}
    return _one_stream(profile) | ({"streams": streams} if streams else {})


def _one_stream(profile: Profile) -> dict[str, Any]:
    sides = {side: tuple(_features_of(of_side)) for side, of_side in profile.sides.items()}
    joint = {side: _joint_of(of_side.joint) for side, of_side in profile.sides.items() if of_side.joint}
    left_out = {side: of_side.left_out for side, of_side in profile.sides.items() if of_side.left_out}
    content = _OneStream(sides, _segments_of(profile), joint, _seasons_of(profile), left_out)
    built: dict[str, Any] = msgspec.to_builtins(content, str_keys=True)
    return built


def _features_of(profile: SideProfile) -> Iterable[_Feature]:
    moments = iter(_ranges_of(profile.moments))
    for feature, counts in zip(profile.features, profile.counts.tolist(), strict=True):
        yield _Feature(
            name=feature.name,
            kind=feature.kind,
            counts=tuple(counts[: feature.bins]),
            edges=feature.edges,
            categories=feature.categories,
            rare_keys=feature.rare,
            rare_secret=feature.rare_secret,
            rare_complete=feature.rare_complete,
            moments=next(moments) if feature.ordered else None,
            derived=feature.derived,
            importance=feature.importance,
            precision=feature.precision,
            places=feature.places,
            digits=feature.digits,
            reading=feature.reading,
            labelled=feature.labelled,
        )


def _ranges_of(moments: Moments) -> Iterable[_Range | None]:
    columns = (moments.count, moments.mean, moments.squares, moments.low, moments.high)
    for count, *figures in zip(*(column.tolist() for column in columns), strict=True):
        # Sums may exceed the range of floats where single values do not, and JSON cannot express that.
        yield _Range(int(count), *figures) if count and bool(np.isfinite(figures).all()) else None


def _segments_of(profile: Profile) -> _Segments | None:
    if not profile.segment_by:
        return None
    segments = {
        name: {side: _trimmed(counts, profile.sides[side].features) for side, counts in of_segment.items()}
        for name, of_segment in profile.segments.items()
    }
    return _Segments(profile.segment_by, segments)


def _trimmed(counts: Counts, features: tuple[Feature, ...]) -> _Counts:
    """Without the places that a feature has no bin for."""
    return tuple(tuple(row[: one.bins]) for row, one in zip(counts.tolist(), features, strict=True))


def _profile(content: _OneStream) -> Profile:
    sides = {
        side: replace(_side(features, content.joint.get(side)), left_out=content.left_out.get(side, ()))
        for side, features in content.sides.items()
        if features
    }
    if content.seasons:
        sides = {side: _with_seasons(side, whole, content.seasons) for side, whole in sides.items()}
    stored = content.segments
    if stored is None:
        return Profile(sides)
    segments = {
        name: {side: _segment(name, counts, sides.get(side)) for side, counts in of_segment.items()}
        for name, of_segment in stored.counts.items()
    }
    for side, whole in sides.items():
        parts = [of_segment[side] for of_segment in segments.values() if side in of_segment]
        _check_sum(f"segments of the {side.value}", parts, whole)
    return Profile(sides, stored.by, segments)


def _seasons_of(profile: Profile) -> _Seasons | None:
    known = {side: of_side for side, of_side in profile.sides.items() if of_side.seasons}
    found = [of_side.seasons.season for of_side in known.values() if of_side.seasons]
    if not found:
        return None
    counts = {
        side: {str(number): _trimmed(some, of_side.features) for number, some in of_side.seasons.counts.items()}
        for side, of_side in known.items()
        if of_side.seasons
    }
    return _Seasons(found[0], counts)


def _with_seasons(side: Side, whole: SideProfile, stored: _Seasons) -> SideProfile:
    if side not in stored.counts:
        return whole
    counts = {int(number): _segment(f"season {number}", some, whole) for number, some in stored.counts[side].items()}
    _check_sum(f"seasons of the {side.value}", counts.values(), whole)
    return replace(whole, seasons=Seasons(stored.season, counts))


def _check_sum(what: str, parts: Iterable[Counts], whole: SideProfile) -> None:
    if not np.array_equal(whole.counts, sum(parts, start=np.zeros_like(whole.counts))):
        raise ValueError(f"the {what} do not add up to the whole")


def _segment(name: str, stored: _Counts, whole: SideProfile | None) -> Counts:
    if whole is None or [len(row) for row in stored] != [feature.bins for feature in whole.features]:
        raise ValueError(f"{name!r} has not the features and bins of the whole")
    counts = np.zeros_like(whole.counts)
    for at, row in enumerate(stored):
        counts[at, : len(row)] = row
    return counts


def _joint_of(joint: Joint) -> _Joint:
    pairs, triples = joint.pairs, joint.triples
    known = (pairs.mean, pairs.square, triples.mean, triples.square, joint.largest)
    mean, square, triple, triple_square, largest = map(_rounded, known)
    return _Joint(joint.rows, mean, squares=square, triples=triple, triple_squares=triple_square, largest=largest)


def _rounded(numbers: Floats) -> _Numbers:
    """Rounded to the digits that matter for correlations, so that 64 features need some 120 kB."""
    return tuple(round(number, 5) + 0.0 for number in numbers.tolist())


def _joint(stored: _Joint, scores: int) -> Joint | None:
    """None for a file of 0.1, whose relations were stored in another way."""
    if stored.influence:
        return None
    pairs, of_three = scores * (scores + 1) // 2, len(triples(min(scores // 2, TRIPLED))[0])
    lengths = tuple(
        map(len, (stored.correlations, stored.squares, stored.triples, stored.triple_squares, stored.largest))
    )
    if lengths != (pairs, pairs, of_three, of_three, scores):
        raise ValueError("what is known of relations does not fit the features")
    mean, square, triple, triple_square, largest = (
        np.array(numbers, np.float64)
        for numbers in (stored.correlations, stored.squares, stored.triples, stored.triple_squares, stored.largest)
    )
    return Joint(stored.rows, Products(mean, square), Products(triple, triple_square), largest)


def _side(stored: tuple[_Feature, ...], pairs: _Joint | None) -> SideProfile:
    if len({feature.name for feature in stored}) != len(stored):
        raise ValueError("two features have the same name")
    if any(feature.labelled for feature in stored):
        stored, pairs = tuple(map(_without_labels, stored)), None
    features = tuple(_feature(feature) for feature in stored)
    counts = np.zeros((len(features), Binner(features).width), np.int64)
    for at, feature in enumerate(stored):
        counts[at, : len(feature.counts)] = feature.counts
    joint = _joint(pairs, 2 * len(taking_part(features))) if pairs else None
    return SideProfile(features, counts, _moments([one.moments for one in stored if one.kind is Kind.NUMERIC]), joint)


def _without_labels(stored: _Feature) -> _Feature:
    """A feature whose key is lost: what remains of it is how much is missing."""
    if not stored.labelled or not stored.counts:
        return stored
    counts = (sum(stored.counts[:-1]), 0, stored.counts[-1])
    nameless: dict[str, Any] = {
        "categories": (),
        "rare": (),
        "rare_keys": (),
        "rare_secret": "",
        "rare_complete": False,
    }
    return msgspec.structs.replace(stored, **nameless, counts=counts)


def _feature(stored: _Feature) -> Feature:
    rare = stored.rare_keys or tuple(sorted({rare_key(stored.name, name) for name in stored.rare}))
    known = (stored.name, stored.kind, stored.edges, stored.categories, rare, stored.rare_secret, stored.rare_complete)
    grain = (stored.precision, stored.places, stored.digits)
    feature = Feature(*known, stored.derived, stored.importance, *grain, stored.reading, stored.labelled)
    check_derived(feature)
    edges = feature.edges
    if any(low >= high for low, high in itertools.pairwise(edges)) or not np.isfinite(edges).all():
        raise ValueError(f"the edges of feature {feature.name!r} do not rise")
    if len(edges) == 1 or (edges and not feature.ordered) or (feature.ordered and feature.categories):
        raise ValueError(f"the bins of feature {feature.name!r} do not suit its kind")
    if len({*stored.categories, *stored.rare}) != len(stored.categories) + len(stored.rare):
        raise ValueError(f"feature {feature.name!r} names a category twice")
    if feature.precision and feature.precision not in BINARY:
        raise ValueError(f"feature {feature.name!r} has a precision that this release does not know")
    if len(stored.counts) != feature.bins or feature.bins > MAX_BINS:
        raise ValueError(f"feature {feature.name!r} has {len(stored.counts)} counts for {feature.bins} bins")
    return feature


def _moments(stored: list[_Range | None]) -> Moments:
    figures = [
        (one.count, one.mean, one.squares, one.min, one.max) if one else (0.0, 0.0, 0.0, np.inf, -np.inf)
        for one in stored
    ]
    return Moments(*np.array(figures, np.float64).reshape(len(stored), 5).T)
