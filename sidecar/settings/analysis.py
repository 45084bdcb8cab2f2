"""Settings of the monitor: how payloads are read, what a window and a stream are, when a change matters, what is learned.

The attribute docstrings are the manual, here and in the neighbours: see the package.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from sidecar.settings.types import Natural, Pointer, Positive, Ratio, Section, Statuses, WrittenFile


class RouteSettings(Section, frozen=True):
    """How the payloads of one route are read; what is empty is as for all routes."""

    decoder: str = ""
    """The name of a decoder, e.g. `generic_json`; empty means the surest, or `generic_json` where there are pointers."""
    rows_pointer: Pointer = ""
    names_pointer: Pointer = ""
    predictions_pointer: Pointer = ""
    feature_names: tuple[str, ...] = ()
    model: str = ""
    """The model's name, where requests do not give it."""

    @property
    def has_pointers(self) -> bool:
        """It says where in a document the rows, names or predictions are."""
        return bool(self.rows_pointer or self.names_pointer or self.predictions_pointer)


class DecodeSettings(Section, frozen=True):
    rows_pointer: Pointer = ""
    """JSON pointer (RFC 6901) to the rows in a request that no known protocol claims, e.g. `/features`. Set it for a
    JSON API of your own; empty means that such requests are not decoded."""
    names_pointer: Pointer = ""
    """JSON pointer to the list of feature names in the request. Empty means that rows are objects or have no names."""
    predictions_pointer: Pointer = ""
    """JSON pointer to the predictions in the response, e.g. `/result`. Empty means that the outputs of such an API are
    not watched."""
    paths: tuple[str, ...] = ()
    """Paths (or route templates) that the generic decoder reads. List them where other JSON passes by that must not be
    taken for rows, or that is not recognised as such; empty means what no other decoder claims and what looks like an
    inference (docs/metrics.md)."""
    feature_names: tuple[str, ...] = ()
    """Names for the columns of rows that carry none. Empty means the order of the reference's features, which is right
    if the model was trained on columns in that order."""
    routes: dict[str, RouteSettings] = msgspec.field(default_factory=dict)
    """The same for single routes, which are streams of their own: by template, e.g. `/score/{tenant}`, any of `decoder`,
    `rows_pointer`, `names_pointer`, `predictions_pointer`, `feature_names`, `model`. As JSON in the environment and in flags."""
    statuses: tuple[Statuses, ...] = ("2xx",)
    """Answers whose requests count as input (`2xx`, `200`, `200-204`); rows of others are counted apart and never learned."""
    max_rows: Positive = 100_000
    """Most rows of one message; a message with more is refused as `too_large`. It bounds how long the observer is busy
    with one message. The default is more than `tap.body_limit_bytes` lets through of ordinary rows."""
    max_features: Positive = 2_000
    """Most columns of one message; V2 tensors with more values in a row are watched as vectors. Raise it for wide
    tables. The default bounds the memory that bins of one model take."""
    max_cells: Positive = 75_000
    """Most cells of the table that a message is, where each row counts as two more; a message with more is refused as
    `too_large`. With 75,000 (3,400 rows of 20 columns, 25,000 of one) it takes about 50 ms of the observer; raise it for larger
    batches, which keep it from other messages for as much longer. Tensors that are watched as vectors do not count."""
    inflated_limit_bytes: Positive = 16_777_216
    """Most bytes that a compressed body may have once it is inflated; a larger one is refused. It protects the observer
    from compression bombs. 16 MiB is sixteen times the largest body that is kept by default."""


class WindowSettings(Section, frozen=True):
    rows: Positive = 10_000
    """A window closes after this many rows... Larger windows give smoother scores, smaller ones follow changes sooner.
    With 10,000 rows the noise of PSI over 20 bins is about 0.002, far below what matters."""
    seconds: Annotated[float, Meta(gt=0)] = 60.0
    """...or after this many seconds, whichever comes first, so that slow traffic is scored too. 60 s is about the
    interval at which dashboards and rules read."""
    min_rows: Positive = 100
    """Fewer rows than this give the verdict `insufficient`; a window that is still smaller when its time is over goes
    on. Raise it for calmer scores. Below 100 rows most bins hold too few for any score to mean something."""


class DriftSettings(Section, frozen=True):
    mean_rows_between_false_alarms: Annotated[float, Meta(ge=1)] = 1e9
    """Mean number of rows between false alarms, over all features and sides together and however often one looks. Lower
    it to alarm sooner and wrongly more often. At 100 rows a second the default is one false alarm in about four months."""
    mean_rows_between_false_warnings: Annotated[float, Meta(ge=1)] = 1e6
    """The same for the state `warning`. Warnings page nobody, so the default allows a thousand times as many."""
    material_psi: Annotated[float, Meta(ge=0)] = 0.1
    """Least effect that counts, as PSI without small-sample bias: certainty alone never alarms. Lower it to hear of
    smaller changes. 0.1 is where the usual rule of thumb begins to speak of a moderate shift."""
    material_rate_difference: Ratio = 0.005
    """Least change of a rate (missing, unseen, out of range, a rare level, a repeated value) that counts, together with
    the ratio. Lower it where rarer events matter. 0.005 tells 0.1 % of nulls from 1 %."""
    material_rate_ratio: Annotated[float, Meta(gt=1)] = 1.75
    """How many times as large, or as small, such a rate must be as it was. Lower it to hear of smaller changes. With 1.75
    a rate that doubles, or is halved, counts for certain."""
    material_rate_shift: Ratio = 0.075
    """Least change of the share of missing, unseen or out-of-range values that counts whatever the ratio. Lower it where
    such values are frequent. 0.075 tells 60 % of nulls from 70 %."""
    recovery_error: Annotated[float, Meta(gt=0, lt=0.5)] = 0.01
    """Probability that a verdict ends although the change is still half of what matters. Lower it if drifts come back
    soon after they ended; recovery then waits for more rows. 0.01 is one false recovery in a hundred drifts."""
    material_correlation: Ratio = 0.1
    """Least change of the correlation between two features that counts. Lower it where features depend on each other
    closely. 0.1 is a change that a scatter plot begins to show."""
    season_offset_seconds: float = 0.0
    """How far, in seconds, the clock of a reference's seasons is ahead of UTC. Set it to what `profile --season-offset`
    was given; the default is UTC."""
    tolerance: Annotated[float, Meta(ge=0)] = 0.0025
    """Chi distance from the reference against which no evidence is collected: a difference that nobody would call a
    change. Raise it where a reference is known to fit only roughly; 0 makes every difference count in the end."""


class SegmentSettings(Section, frozen=True):
    by: Annotated[str, Meta(pattern="^(feature:.+|header:[!#-'*+.0-9A-Z^-z|~-]+)?$")] = ""
    """Watch each slice of the traffic as well: `feature:NAME` or `header:NAME` of the request. Set it where a change in
    one tenant or country would drown in the whole; empty means no slices."""
    values: tuple[str, ...] = ()
    """The slices; everything else is `other`. Empty means the categories of the reference or, for a header, the first
    `segments.max` that come."""
    max: Annotated[int, Meta(ge=1, le=100)] = 10
    """Most slices; rows of further values are `other`. Each one costs memory and a share of the budget of false alarms,
    hence the small default."""


class StreamSettings(Section, frozen=True):
    max: Annotated[int, Meta(ge=1, le=100)] = 16
    """Streams (one model at one path each) that are watched; what goes beyond them is counted as `_other`. Raise it where
    one port serves more models. 16 bound the memory to some 30 MB at 20 features each."""
    primary: str = ""
    """The stream that `model.name` stands for: a model's name in requests, or a path, e.g. `/predict`. Name it where several
    share a port. Empty means the one whose model is called `model.name`, else the one that a reference of one stream fits,
    else the first that is learned."""


class LearnSettings(Section, frozen=True):
    rows: Annotated[int, Meta(ge=100)] = 2_000
    """Without a reference, one is learned from this many first rows, and is marked `source="learned"`. Raise it for
    traffic that takes longer to show all it has. 2,000 rows are enough for bins of a few percent each."""
    features: tuple[str, ...] = ()
    """Columns that may be learned whatever they are called, and whose categories may be named however many there are.
    Declare here what you want to see and the sidecar withholds; none by default, since nobody was asked."""
    clear_categories: Natural = 20
    """Most distinct values of a column whose categories a learned reference names in clear, each after 20 rows; those
    of other columns are labelled by a hash. 0 names none. Codes and classes mostly have fewer than 20."""
    save: WrittenFile = ""
    """File to which the learned reference is written, so that a restart does not learn anew. Empty means that it is
    kept in memory only, since the file system of a container may be read-only."""
