// The chosen feature: live against reference, its scores, and how they went since the start.

import { distribution, legend, movedBins } from "./charts.js";
import { timePlot } from "./plots.js";
import { streamOf } from "./streams.js";
import { STATE, byId, clock, count, element, onOpen, pValue, percent, power, refill, say, score, shorten, table } from "./text.js";

const OTHERS = { effect: "Effect", evidence: "Evidence (log10)" };
const GROUND = { mismatch: "drift-ground", drift: "drift-ground", warning: "warning-ground", ok: "ok-ground", insufficient: "idle-ground" };

let titles = OTHERS;
let trail = null;
let plot = null;
let drawn = "";

/** Show a feature, and its trail, which is empty before a window has closed. */
export function showDetail(feature, found) {
  byId("unchosen").hidden = true;
  byId("chosen").hidden = false;
  say("detail-name", feature.feature);
  byId("detail-name").title = feature.feature;
  byId("detail-state").className = `badge is-${feature.state}`;
  say("detail-state", STATE[feature.state]);
  say("detail-note", [streamOf(feature), `${feature.side}, ${feature.kind}`, explain(feature)].filter(Boolean).join(" · "));
  showAccept(feature);
  showBins(feature);
  titles = { ...OTHERS, ...feature.measures };
  refill(byId("scores"), feature.scores, () => [scoreTable(feature.scores)]);
  trail = found.at.length ? found : null;
  showTrail(feature.feature);
}

/** The reference has no such feature (any more). */
export function loseDetail(asked) {
  byId("chosen").hidden = true;
  byId("unchosen").hidden = false;
  say("unchosen", `The reference has no feature "${shorten(asked.feature, 60)}" on the ${asked.side} side.`);
}

/** The colours have changed. */
export const redrawDetail = () => plot?.redraw();

/** How a change becomes the reference: a file to put where the reference is read; nothing is changed from here. */
function showAccept(feature) {
  const drifts = feature.state === "drift";
  byId("accept").hidden = !drifts;
  if (!drifts) return;
  const since = new Date(Math.floor(feature.state_since) * 1000).toISOString().slice(0, 19);
  byId("accept-download").href = `api/v1/profile?since=${Math.floor(feature.state_since)}&by=page`;
  say("accept-command", `drift-sidecar accept --admin ${location.host} --since ${since} -o reference.json`);
}

function explain(feature) {
  const parts = [`evidence ${power(Math.max(0, feature.evidence))} (alarm at ${power(feature.threshold)})`];
  if (feature.state_since) parts.unshift(`${STATE[feature.state]} since ${clock(feature.state_since)}${feature.reason ? `, by ${feature.reason}` : ""}`);
  if (feature.effect_rows) parts.push(`effect ${score(feature.effect)} over ${count(feature.effect_rows)} rows`);
  if (feature.importance !== 1) parts.push(`importance ${feature.importance.toPrecision(3)}`);
  if (feature.independent_ratio < 0.8) parts.push(`${percent(feature.independent_ratio, 0)} of the rows count as independent`);
  return parts.join(", ");
}

function showBins(feature) {
  const width = Math.max(240, byId("detail").clientWidth - 38);
  const windowed = feature.bins.some((bin) => bin.window_rows);
  const bins = feature.bins.map((bin) => ({ ...bin, live: (windowed ? bin.window_ratio : bin.live_ratio) ?? 0 }));
  const rows = feature.bins.reduce((sum, bin) => sum + (windowed ? bin.window_rows : bin.live_rows), 0);
  const moved = movedBins(bins);
  refill(byId("legend"), [feature.source, rows, moved.length > 0], () => legend(feature, `live, ${count(rows)} recent rows`, moved.length > 0));
  refill(byId("bins"), [feature.bins, width], () => [distribution(bins, feature.kind, width, (text) => say("read", text))]);
  byId("bins").setAttribute("aria-label", moved.length ? `Moved most: ${moved.map(sentence).join("; ")}` : "No bin has moved by 2% or more");
  onOpen("bins-table", () => {
    const lines = bins.map((bin) => [
      shorten(bin.range, 200), percent(bin.reference_ratio), percent(bin.live), moved.includes(bin) ? (bin.live > bin.reference_ratio ? "▲ more" : "▼ less") : "",
    ]);
    const box = byId("bins-table").querySelector(".scroll");
    refill(box, lines, () => [table(["Bin", "Reference", "Live", "Moved"], lines)]);
  });
}

const sentence = (bin) => `${shorten(bin.range, 60)} from ${percent(bin.reference_ratio)} to ${percent(bin.live)}`;

function scoreTable(scores) {
  const body = Object.entries(scores).map(([name, one]) => {
    const first = titles[name];
    if (one.reason !== undefined) return [first, element("span", { class: "quiet" }, one.reason), "", "", count(one.rows)];
    return [first, score(one.value), score(one.debiased), pValue(one.p_value), count(one.rows)];
  });
  if (!body.length) return element("p", { class: "quiet" }, "No window has closed yet, so there are no scores.");
  return table(["Measure", "Value", "Without bias", "p-value", "Rows"], body);
}

const line = (name) => (name in trail.scores ? trail.scores[name] : trail[name]) ?? [];

function showTrail(feature) {
  byId("trail").hidden = byId("trail-of").hidden = byId("trail-table").hidden = !trail;
  say("trail-note", trail ? "" : "No window has closed yet.");
  if (!trail) return;
  const names = ["effect", "evidence", ...Object.keys(trail.scores)];
  refill(byId("trail-of"), names, () => names.map((name) => element("option", { value: name }, titles[name])));
  draw(feature);
  onOpen("trail-table", () => {
    const lines = trail.at.map((at, window) => [clock(at), STATE[trail.state[window]], ...names.map((name) => score(line(name)[window]))]).reverse();
    const box = byId("trail-table").querySelector(".scroll");
    refill(box, [feature, lines], () => [table(["Until", "State", ...names.map((name) => titles[name])], lines, 2)]);
  });
}

function draw(feature) {
  const what = byId("trail-of").value;
  const values = line(what);
  const fingerprint = JSON.stringify([feature, what, trail]);
  if (fingerprint === drawn) return;
  drawn = fingerprint;
  plot ??= timePlot(byId("trail"), [["value", "live"]], score, paintStates);
  plot.setData([trail.at, values]);
  const known = values.filter((value) => value !== null);
  const range = known.length ? `from ${score(Math.min(...known))} to ${score(Math.max(...known))}` : "without a value";
  const last = trail.state[trail.state.length - 1];
  byId("trail").setAttribute("aria-label", `${titles[what]} of ${trail.at.length} windows, ${range}; the last one is ${STATE[last]}`);
}

/** Behind the line: the verdict of each window in its colour, from the end of the one before it. */
function paintStates(drawing, color) {
  const { ctx, bbox } = drawing;
  if (!trail) return;
  const x = (at) => Math.min(bbox.left + bbox.width, Math.max(bbox.left, drawing.valToPos(at, "x", true)));
  trail.at.forEach((at, window) => {
    const start = window ? x(trail.at[window - 1]) : bbox.left;
    ctx.fillStyle = color(GROUND[trail.state[window]]);
    ctx.fillRect(start, bbox.top, x(at) - start, bbox.height);
  });
}

byId("trail-of").addEventListener("change", () => { if (trail) draw(byId("detail-name").textContent); });
