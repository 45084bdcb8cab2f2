"""The drift report as one HTML file that stands alone: no script, nothing fetched, light and dark, readable on a phone.

Everything that comes from data or profiles is escaped. What there is to say was found by `core.comparison`; here it
is only shown.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from html import escape
from importlib.resources import files

from sidecar.core.binning.bins import ranges
from sidecar.core.reference.profile import Profile
from sidecar.core.reference.profile_file import digest
from sidecar.core.scores.comparison import SIZE, Comparison, FeatureComparison
from sidecar.core.scores.measures import TITLES
from sidecar.core.words.events import BY_URGENCY, UNWELL, JointReport, NotEnough, State
from sidecar.core.words.rules import RuleReport

_WIDTH, _HEIGHT, _FOOT = 560, 150, 46
_MOVED, _MOST = 0.01, 4
"""So many bins are marked, if their shares changed by so much."""
_FEW = 60
"""Features without a verdict beyond so many are only listed."""

Shares = Sequence[float]


def page(reference: Profile, live: Profile, names: tuple[str, str], found: Comparison, made: str) -> str:
    """The whole file. `names` are those of reference and live, `made` says when."""
    css = files("sidecar.commands").joinpath("compare.css").read_text()
    policy = (
        f"default-src 'none'; style-src 'sha256-{base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()}'"
    )
    ranked = sorted(found.features, key=lambda one: BY_URGENCY.index(one.state))
    lines = "".join(_line(one) for one in _told(ranked))
    cards = "\n".join(_card(reference, live, one) for one in _shown(ranked))
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Drift of {escape(names[1])}</title>
<style>{css}</style>
</head>
<body>
<main>
<h1 class="{_worst(found)}">{_headline(found)}</h1>
<p class="quiet">{escape(names[1])} against reference {escape(names[0])} ({digest(reference)[:8]}), {made}.
Drift is certain (p below {SIZE} over all features) and large enough to matter.</p>
<nav class="card" aria-label="Features by drift"><h2>What changed</h2><ol>{lines}</ol>{_pairs(found.joint)}{_rules(found)}</nav>
{cards}
</main>
</body>
</html>
"""


def _worst(found: Comparison) -> State:
    return State.DRIFT if found.violated else min(found.states, key=BY_URGENCY.index)


def _headline(found: Comparison) -> str:
    counts = {state: sum(one.state is state for one in found.features) for state in BY_URGENCY}
    features = len(found.features)
    if counts[State.MISMATCH]:
        return f"The reference does not describe {counts[State.MISMATCH]} of {features} features"
    if counts[State.DRIFT]:
        return f"{counts[State.DRIFT]} of {features} features have drifted"
    if counts[State.WARNING]:
        return f"{counts[State.WARNING]} of {features} features may be drifting"
    if found.violated:
        return f"{len(found.violated)} of {len(found.rules)} rules of the constraints are violated"
    if _worst(found) in (State.DRIFT, State.WARNING):
        return "How features hang together has changed"
    return "No drift" if counts[State.OK] else "Not enough rows to tell"


def _pairs(joint: Sequence[JointReport]) -> str:
    """A paragraph a side that knows of pairs."""
    lines = []
    for one in joint:
        of = f" of {one.stream}" if one.stream else ""
        words = f"{one.side.value} features{of} hang together as they did."
        if one.state in (State.DRIFT, State.WARNING):
            names = ", ".join(name for name, _ in one.features)
            words = f"How {one.side.value} features{of} hang together changed, most in {names}. {paired(one)}"
        lines.append(
            f'<p><span class="badge {one.state}">{one.state}</span> {escape(words[0].upper() + words[1:])}</p>'
        )
    return "".join(lines)


def _rules(found: Comparison) -> str:
    """A paragraph for each rule that is violated."""
    return "".join(f'<p><span class="badge drift">violated</span> {escape(broken(one))}</p>' for one in found.violated)


def broken(one: RuleReport) -> str:
    """Which rule is broken, and how often."""
    of = f"{one.stream}: " if one.stream else ""
    side = "" if one.side.value == "input" else " (output)"
    asked = f"{of}{one.feature}{side}: {one.rule.value} ({one.limit})"
    return f"{asked} is broken by {one.rate:.2%} of {one.rows:,} rows, and {one.allowed:.2%} may"


def paired(report: JointReport) -> str:
    """The pairs whose correlation changed most surely."""
    shown = (f"{pair.first} and {pair.second} {pair.reference:+.2f} -> {pair.live:+.2f}" for pair in report.pairs[:3])
    return f"Correlations: {'; '.join(shown)}"


def _told(ranked: Sequence[FeatureComparison]) -> Sequence[FeatureComparison]:
    return [one for one in ranked if one.state in UNWELL] or ranked[:1]


def _shown(ranked: Sequence[FeatureComparison]) -> Iterator[FeatureComparison]:
    quiet = 0
    for one in ranked:
        quiet += one.state in (State.OK, State.INSUFFICIENT)
        if quiet <= _FEW:
            yield one


def _line(one: FeatureComparison) -> str:
    words = escape(one.changed) if one.changed and one.state is not State.OK else "as it was"
    return f'<li><a href="#{_anchor(one)}"><b>{escape(one.called)}</b></a> ({one.side}): {words}</li>'


def _anchor(one: FeatureComparison) -> str:
    return hashlib.sha256(f"{one.stream}/{one.side}/{one.feature}".encode()).hexdigest()[:12]


def _card(reference: Profile, live: Profile, one: FeatureComparison) -> str:
    before, after = (
        (profile.streams[one.stream] if one.stream else profile).sides[one.side] for profile in (reference, live)
    )
    at = before.names.index(one.feature)
    feature = before.features[at]
    q, p = (counts[at, : feature.bins] / max(int(counts[at].sum()), 1) for counts in (before.counts, after.counts))
    certain = "" if one.p_value is None else f" · p {_p(one.p_value)} · effect {one.effect:.3f}"
    certain += "" if one.importance == 1.0 else f" · importance {one.importance:.2g}"
    words = f'<p class="changed">{escape(one.changed)}</p>' if one.changed and one.state is not State.OK else ""
    return f"""<section class="card" id="{_anchor(one)}">
<header><h2>{escape(one.called)}</h2><span class="badge {one.state}">{one.state}</span>
<span class="quiet">{one.side}, {one.kind} · {one.rows:,} rows{certain}</span></header>
{words}
<div class="grid"><div>{_chart(ranges(feature), q.tolist(), p.tolist(), one)}</div>
<div class="scroll">{_scores(one)}</div></div>
</section>"""


def _chart(texts: Sequence[str], q: Shares, p: Shares, one: FeatureComparison) -> str:
    """Two bars a bin that holds any row; those that moved most are marked and named."""
    kept = [at for at in range(len(texts)) if q[at] or p[at]]
    told = one.state in UNWELL
    most = sorted(kept, key=lambda at: -abs(p[at] - q[at]))[:_MOST]
    moved = {at for at in most if told and abs(p[at] - q[at]) >= _MOVED}
    top = max([*q, *p, 1e-9])
    step = _WIDTH / max(len(kept), 1)
    bars = []
    named = -3
    for place, at in enumerate(kept):
        for share, left, kind in ((q[at], 0.08, "reference"), (p[at], 0.5, "moved" if at in moved else "live")):
            height = share / top * _HEIGHT
            title = escape(f"{texts[at]}: {q[at]:.2%} in the reference, {p[at]:.2%} live")
            bars.append(
                f'<rect class="bar-{kind}" x="{(place + left) * step:.1f}" y="{_HEIGHT - height:.1f}" width="{step * 0.42:.1f}"'
                f' height="{height:.1f}"><title>{title}</title></rect>'
            )
        if len(kept) <= 12 or (at in moved and place - named > 2):
            named = place
            x = (place + 0.5) * step
            text = escape(texts[at][:14])
            bars.append(f'<text transform="translate({x:.1f} {_HEIGHT + 12}) rotate(30)">{text}</text>')
    label = escape(f"Share of rows by bin of {one.feature}, reference and live")
    legend = '<span class="r">reference</span><span class="l">live</span>'
    legend += '<span class="m">live, moved most</span>' if moved else ""
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT + _FOOT}" role="img" aria-label="{label}">{"".join(bars)}</svg>'
        f'<p class="legend quiet">{legend}</p>'
    )


def _scores(one: FeatureComparison) -> str:
    rows = []
    for name, score in one.scores.items():
        if isinstance(score, NotEnough):
            rows.append(f'<tr><th scope="row">{TITLES[name]}</th><td colspan="3">{escape(score.reason)}</td></tr>')
            continue
        figures = f"<td>{score.value:.3f}</td><td>{score.debiased:.3f}</td><td>{_p(score.p_value)}</td>"
        rows.append(f'<tr><th scope="row">{TITLES[name]}</th>{figures}</tr>')
    heads = "".join(f'<th scope="col">{head}</th>' for head in ("Measure", "Value", "Without bias", "p-value"))
    return f"<table><caption>Scores</caption><thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _p(value: float) -> str:
    return "&lt;1e-9" if value < 1e-9 else f"{value:.2g}"
