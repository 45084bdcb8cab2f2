"""Alerts about the data itself, and about the reference that it is compared with."""

from __future__ import annotations

from dashboards.rules.alerts_drift import ROWS
from dashboards.rules.fleet import FEATURE, REFERENCE
from dashboards.rules.rule import MODEL, Alert, by, rate


def _share_of(range_: str, window: str, more: float) -> str:
    """The share of one bin of each feature over all pods, where it is `more` than the reference's."""
    total = f"on ({', '.join(FEATURE)}) group_left ()"
    bins = f'model:feature_bin_rows:{window}{{range="{range_}"}}'
    share = f"{bins} / {total} (model:drift_rows:{window} >= {ROWS})"
    usual = f'{REFERENCE}{{range="{range_}"}} / {total} sum {by(*FEATURE)} ({REFERENCE})'
    return f"sum {by(*FEATURE)} ({share} and ({share} - {usual}) > {more})"


_BREAKING = 'kind!~"extra_feature|unseen|range|constraint_.*"'
_VIOLATIONS = rate("model_feature_violations_total", "feature", "kind", where=_BREAKING)
_ROWS = rate("model_rows_total", where='side="input",answered!~"refused|unanswered"')
_UNDECODED = rate("sidecar_decoded_total", where='result!~"ok|partial|refused|unanswered"')
DATA = (
    Alert(
        "ModelMissingValues",
        _share_of("missing", "1h", 0.05),
        "5m",
        "warning",
        "<feature> of <model_name> is missing too often",
        """Over the last hour <percent> of the rows of <model_name><where> had no value for <feature> (<side>),
        at least 5 % of the rows more than in its reference <profile>.""",
    ),
    Alert(
        "ModelUnseenCategories",
        _share_of("unseen", "1h", 0.02),
        "5m",
        "warning",
        "<feature> of <model_name> has values that it was not trained on",
        """Over the last hour <percent> of the rows of <model_name><where> had a value for <feature> (<side>)
        that its reference <profile> does not know.""",
    ),
    Alert(
        "ModelDataQuality",
        f"{_VIOLATIONS} / on ({', '.join(MODEL)}) group_left () ({_ROWS} > 0) > 0.01",
        "5m",
        "warning",
        "<feature> of <model> breaks the schema: <kind>",
        """<percent> of the rows of <model><where> are a violation of kind <kind> by <feature>.""",
    ),
    Alert(
        "ModelConstraintViolated",
        f"""
        max {by(*MODEL, "side", "feature", "rule")} (
          model_constraint_violation_ratio and ignoring (state) model_constraint_state{{state="violated"}} == 1
        )
        """,
        "1m",
        "warning",
        "<feature> of <model> breaks its constraint: <rule>",
        """<percent> of the recent rows of <model><where> break the rule <rule> of <feature> (<side>), which is certainly more
        than it allows. No drift is needed for that.""",
    ),
    Alert(
        "ModelPayloadsUnread",
        f"{_UNDECODED} / ({rate('sidecar_decoded_total')} > 0) > 0.05",
        "10m",
        "warning",
        "Payloads of <model> cannot be read",
        """<percent> of the messages of <model><where> did not decode, so drift is judged without them. The
        drift log says why (decode_failed).""",
    ),
)

_KNOWN = f'count {by(*MODEL, "side", "profile")} (model_reference_info{{source!="learning"}})'
REFERENCES = (
    Alert(
        "ModelReferenceMismatch",
        f"max {by(*MODEL, 'side', 'explanation')} (model_mismatched_features) > 0",
        "1m",
        "warning",
        "This reference does not describe this traffic: <side> of <model>",
        """Nearly all values of <count> features of the <side> of <model><where> are unseen, of another type, absent
        or unread. The nearest explanation: <explanation>. These features are not judged for drift meanwhile.""",
    ),
    Alert(
        "ModelReferenceMissing",
        f'max {by(*MODEL, "side")} (model_reference_info{{source="learning"}}) == 1',
        "1h",
        "warning",
        "<model> has no reference for its <side> yet",
        """A pod of <model><where> has been learning what its <side> looks like for an hour, so nothing can
        drift. Give it a reference made by `drift-sidecar profile`, or more traffic.""",
    ),
    Alert(
        "ModelTwoReferences",
        f"count {by(*MODEL, 'side')} ({_KNOWN}) > 1",
        "6h",
        "warning",
        "Pods of <model> are compared with <count> references",
        """For six hours pods of one version of <model><where> have had <count> different references for their
        <side>: a rollout that did not end, or pods that each learned their own.""",
    ),
    Alert(
        "ModelReferenceUnreadable",
        f'sum {by(*MODEL)} (increase(sidecar_reference_reloads_total{{result="failed"}}[15m])) > 0',
        "0m",
        "warning",
        "The reference of <model> cannot be read",
        """The reference file of <model><where> was replaced by one that cannot be read; the old one stays in
        use. The sidecar's log says what is wrong with it.""",
    ),
)
