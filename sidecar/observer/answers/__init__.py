"""What `/api/v1/...` answers, as types: docs/api.md and `/api/v1/schema` are made from them.

Names of fields are a contract with scripts and the live page; a field may be added, and is never renamed. `api` fills them in.
What is answered as it is elsewhere (`Point`, `Seen`, `Settings`, parts of the monitor's view) has its type there.
"""

from sidecar.observer.answers.changes import (
    Change,
    JointChange,
    ReferenceLearned,
    ReferenceReplaced,
    RuleChange,
    VerdictChange,
)
from sidecar.observer.answers.endpoints import (
    Changes,
    Constraints,
    Exchanges,
    Faults,
    Features,
    History,
    Look,
    Problem,
    Segments,
)
from sidecar.observer.answers.features import Bin, Feature, FeatureDetail, RuleVerdict, Score, Segment, SegmentBrief
from sidecar.observer.answers.status import (
    AnsweredCount,
    DecodedCount,
    Reference,
    SideStatus,
    Status,
    StreamStatus,
    UnwatchedCount,
    ViolationCount,
)
from sidecar.observer.answers.traffic import (
    ExchangeCount,
    Model,
    Observer,
    Quantiles,
    RequestSummary,
    ShedCount,
    Traffic,
)

__all__ = [
    "AnsweredCount",
    "Bin",
    "Change",
    "Changes",
    "Constraints",
    "DecodedCount",
    "ExchangeCount",
    "Exchanges",
    "Faults",
    "Feature",
    "FeatureDetail",
    "Features",
    "History",
    "JointChange",
    "Look",
    "Model",
    "Observer",
    "Problem",
    "Quantiles",
    "Reference",
    "ReferenceLearned",
    "ReferenceReplaced",
    "RequestSummary",
    "RuleChange",
    "RuleVerdict",
    "Score",
    "Segment",
    "SegmentBrief",
    "Segments",
    "ShedCount",
    "SideStatus",
    "Status",
    "StreamStatus",
    "Traffic",
    "UnwatchedCount",
    "VerdictChange",
    "ViolationCount",
]
