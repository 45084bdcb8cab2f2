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

from sidecar.core.bins import ranges
from sidecar.core.comparison import SIZE, FeatureComparison
from sidecar.core.events import NotEnough, State
from sidecar.core.profile import Profile
from sidecar.core.profile_file import digest

_WIDTH, _HEIGHT, _FOOT = 560, 150, 46
_MOVED, _MOST = 0.01, 4
"""So many bins are marked, if their shares changed by so much."""
_ORDER = (State.DRIFT, State.WARNING, State.OK, State.INSUFFICIENT)
_FEW = 60
"""Features without a verdict beyond so many are only listed."""

_TITLES = {"psi": "PSI", "g_test": "G", "jensen_shannon": "Jensen-Shannon", "total_variation": "Total variation",
           "kolmogorov_smirnov": "Kolmogorov-Smirnov", "anderson_darling": "Anderson-Darling"}  # fmt: skip

Shares = Sequence[float]


def page(
    reference: Profile, live: Profile, names: tuple[str, str], found: Sequence[FeatureComparison], made: str
) -> str:
    """The whole file. `names` are those of reference and live, `made` says when."""
    css = files("sidecar.commands").joinpath("compare.css").read_text()
    policy = (
        f"default-src 'none'; style-src 'sha256-{base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()}'"
    )
    ranked = sorted(found, key=lambda one: _ORDER.index(one.state))
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
<h1 class="{ranked[0].state}">{_headline(found)}</h1>
<p class="quiet">{escape(names[1])} against reference {escape(names[0])} ({digest(reference)[:8]}), {made}.
Drift is certain (p below {SIZE} over all features) and large enough to matter.</p>
<nav class="card" aria-label="Features by drift"><h2>What changed</h2><ol>{lines}</ol></nav>
{cards}
</main>
</body>
</html>
"""


def _headline(found: Sequence[FeatureComparison]) -> str:
    counts = {state: sum(one.state is state for one in found) for state in _ORDER}
    if counts[State.DRIFT]:
        return f"{counts[State.DRIFT]} of {len(found)} features have drifted"
    if counts[State.WARNING]:
        return f"{counts[State.WARNING]} of {len(found)} features may be drifting"
    return "No drift" if counts[State.OK] else "Not enough rows to tell"


def _told(ranked: Sequence[FeatureComparison]) -> Sequence[FeatureComparison]:
    return [one for one in ranked if one.state in (State.DRIFT, State.WARNING)] or ranked[:1]


def _shown(ranked: Sequence[FeatureComparison]) -> Iterator[FeatureComparison]:
    quiet = 0
    for one in ranked:
        quiet += one.state in (State.OK, State.INSUFFICIENT)
        if quiet <= _FEW:
            yield one


def _line(one: FeatureComparison) -> str:
    words = escape(one.changed) if one.changed and one.state is not State.OK else "as it was"
    return f'<li><a href="#{_anchor(one)}"><b>{escape(one.feature)}</b></a> ({one.side}): {words}</li>'


def _anchor(one: FeatureComparison) -> str:
    return hashlib.sha256(f"{one.side}/{one.feature}".encode()).hexdigest()[:12]


def _card(reference: Profile, live: Profile, one: FeatureComparison) -> str:
    before, after = reference.sides[one.side], live.sides[one.side]
    at = before.names.index(one.feature)
    feature = before.features[at]
    q, p = (counts[at, : feature.bins] / max(int(counts[at].sum()), 1) for counts in (before.counts, after.counts))
    certain = "" if one.p_value is None else f" · p {_p(one.p_value)} · effect {one.effect:.3f}"
    words = f'<p class="changed">{escape(one.changed)}</p>' if one.changed and one.state is not State.OK else ""
    return f"""<section class="card" id="{_anchor(one)}">
<header><h2>{escape(one.feature)}</h2><span class="badge {one.state}">{one.state}</span>
<span class="quiet">{one.side}, {one.kind} · {one.rows:,} rows{certain}</span></header>
{words}
<div class="grid"><div>{_chart(ranges(feature), q.tolist(), p.tolist(), one)}</div>
<div class="scroll">{_scores(one)}</div></div>
</section>"""


def _chart(texts: Sequence[str], q: Shares, p: Shares, one: FeatureComparison) -> str:
    """Two bars a bin that holds any row; those that moved most are marked and named."""
    kept = [at for at in range(len(texts)) if q[at] or p[at]]
    told = one.state in (State.DRIFT, State.WARNING)
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
            rows.append(f'<tr><th scope="row">{_title(name)}</th><td colspan="3">{escape(score.reason)}</td></tr>')
            continue
        figures = f"<td>{score.value:.3f}</td><td>{score.debiased:.3f}</td><td>{_p(score.p_value)}</td>"
        rows.append(f'<tr><th scope="row">{_title(name)}</th>{figures}</tr>')
    heads = "".join(f'<th scope="col">{head}</th>' for head in ("Measure", "Value", "Without bias", "p-value"))
    return f"<table><caption>Scores</caption><thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _p(value: float) -> str:
    return "&lt;1e-9" if value < 1e-9 else f"{value:.2g}"


def _title(name: str) -> str:
    return _TITLES.get(name, name.replace("_", "-").capitalize())
