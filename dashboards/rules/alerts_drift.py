"""Alerts about drift: of pods, by their verdicts, whose false alarms have a declared rate; of the fleet, by figures of all."""

from __future__ import annotations

from dashboards.rules.rule import MODEL, Alert, by

STRONG, MATERIAL = 0.25, 0.1
"""PSI, without small-sample bias, of a change of the whole fleet that wakes somebody, and of one that matters."""
ROWS, DAY_ROWS = 1_000, 10_000
"""Rows behind a figure of the fleet: with so many, chance moves a PSI by less than a tenth of what matters."""
DAY_HOURS = 20
"""Hours that a day must hold figures of, so that nights alone are not compared with a reference of whole days."""
_NAMED = ("namespace", "model_name", "side", "feature")
"""What a pod's verdict and a fleet's figure have in common."""


def _verdict(state: str, which: str) -> str:
    """The evidence where the verdict is so, of the pod that has most."""
    evidence = f'model_drift_evidence{{{which}}} and ignoring (state) model_drift_state{{{which},state="{state}"}} == 1'
    return f"max {by(*MODEL, 'side', 'feature')} ({evidence})"


PODS = (
    Alert(
        "ModelFeatureDrift",
        _verdict("drift", 'side="input",feature!="*"'),
        "1m",
        "warning",
        "Input <feature> of <model> has drifted",
        """What <model><where> is fed as <feature> is no longer what it was trained on: the evidence is
        <evidence> to 1 in the pod that saw most of it, and the change is large enough to matter.""",
    ),
    Alert(
        "ModelPredictionDrift",
        _verdict("drift", 'side="output",feature!="*"'),
        "1m",
        "warning",
        "Output <feature> of <model> has drifted",
        """What <model><where> answers as <feature> is no longer what it was: the evidence is <evidence> to 1
        in the pod that saw most of it, and the change is large enough to matter.""",
    ),
    Alert(
        "ModelDriftTogether",
        _verdict("drift", 'feature="*"'),
        "1m",
        "warning",
        "The <side> of <model> has drifted, over all features together",
        """No single feature need show it: all features of the <side> of <model><where> together moved, with an
        evidence of <evidence> to 1.""",
    ),
    Alert(
        "ModelJointDrift",
        f"""
        max {by(*MODEL, "side")} (
          model_joint_drift_effect and ignoring (state) model_joint_drift_state{{state="drift"}} == 1
        )
        """,
        "1m",
        "warning",
        "Features of the <side> of <model> no longer hang together as they did",
        """A correlation between two features of the <side> of <model><where> changed by <figure>. A column may
        be joined or ordered wrongly. The drift log and the live page name the features.""",
    ),
    Alert(
        "ModelSegmentDrift",
        f"""
        max {by(*MODEL, "segment", "side", "feature")} (
          model_segment_drift_evidence and ignoring (state) model_segment_drift_state{{state=~"drift|mismatch"}} == 1
        )
          unless on ({", ".join((*MODEL, "side", "feature"))}) model_drift_state{{state="mismatch"}} == 1
        """,
        "1m",
        "warning",
        "<feature> of <model> has drifted within <segment>",
        """Within the segment <segment> of <model><where>, <feature> (<side>) drifted with an evidence of
        <evidence> to 1.""",
    ),
    Alert(
        "ModelDriftSuspected",
        _verdict("warning", 'feature!="*"'),
        "15m",
        "info",
        "<feature> of <model> may be drifting",
        """The evidence that <feature> (<side>) of <model><where> changed is <evidence> to 1: more than chance
        shows often, and not enough for an alarm yet.""",
    ),
)
"""By the verdict of a pod."""

_TOLD = f'max {by(*_NAMED)} (model_drift_state{{state="drift"}}) == 1'
FLEET = (
    Alert(
        "ModelFleetDrift",
        f"""
        model:drift_psi:1h >= {STRONG}
          and model:drift_rows:1h >= {ROWS}
          and on ({", ".join(_NAMED)}) ({_TOLD})
        """,
        "5m",
        "critical",
        "<feature> of <model_name> has changed a lot over the whole fleet",
        f"""Over the last hour and all pods of <model_name><where> with reference <profile>, <feature> (<side>)
        is at a PSI of <figure>; {STRONG} is a strong change. At least one pod is certain of it by itself.""",
    ),
    Alert(
        "ModelFleetDriftSlow",
        f"""
        model:drift_psi:1d >= {MATERIAL}
          and model:drift_rows:1d >= {DAY_ROWS}
          and count_over_time(model:drift_rows:1h[1d:1h]) >= {DAY_HOURS}
        """,
        "1h",
        "warning",
        "<feature> of <model_name> has moved over the last day",
        f"""Over the last day and all pods of <model_name><where> with reference <profile>, <feature> (<side>)
        is at a PSI of <figure>; {MATERIAL} is a change that matters. Single pods may see too few rows to
        tell.""",
    ),
)
"""By the figures of all pods together."""
