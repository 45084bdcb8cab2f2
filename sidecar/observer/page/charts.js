// The pictures: sparklines, evidence bars, and live against reference as paired bars. SVG made by hand.

import { compact, element, percent, shape, shorten } from "./text.js";

const [SHORTEST, LONGEST] = [60, 300]; // seconds that a sparkline shows
const WIDTH = 300;
const HEIGHT = 40;
const THRESHOLD_AT = 0.7; // where the evidence bar has its mark; what is beyond is compressed
const MOST_MOVED = 3;
const MATERIAL_MOVE = 0.02; // a bin is marked when its share changed by at least this

/** Draw series (functions of a point) over the last five minutes; gaps are gaps. The first one gets an area. */
export function sparkline(svg, points, ...series) {
  svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  svg.setAttribute("preserveAspectRatio", "none");
  const end = points.length ? points[points.length - 1].at : 0;
  const span = Math.min(LONGEST, Math.max(SHORTEST, points.length ? end - points[0].at : 0));
  const x = (point) => WIDTH * (1 - (end - point.at) / span);
  const top = Math.max(...series.flatMap((of) => points.map((point) => of(point) ?? 0)), 0) * 1.08 || 1;
  const y = (value) => HEIGHT * (1 - value / top);
  const base = shape("line", { x1: 0, x2: WIDTH, y1: HEIGHT, y2: HEIGHT });
  const parts = [base];
  series.forEach((of, at) => {
    const runs = split(points, of);
    if (at === 0) {
      for (const run of runs) {
        const line = run.map((point) => `${x(point)},${y(of(point))}`).join(" ");
        const area = `M${x(run[0])},${HEIGHT} ${line} ${x(run[run.length - 1])},${HEIGHT}Z`;
        parts.push(shape("path", { class: "area", d: area }));
      }
    }
    const d = runs.map((run) => "M" + run.map((point) => `${x(point)},${y(of(point))}`).join(" ")).join("");
    parts.push(shape("path", { class: `s${at}`, d }));
  });
  svg.replaceChildren(...parts);
}

/** Runs of points that have a value. */
function split(points, of) {
  const runs = [[]];
  for (const point of points) {
    if (of(point) === null) runs.push([]);
    else runs[runs.length - 1].push(point);
  }
  return runs.filter((run) => run.length > 1);
}

/** How far evidence has come on its way to the threshold. */
export function evidenceBar() {
  return shape(
    "svg",
    { class: "evidence", viewBox: "0 0 100 12", preserveAspectRatio: "none", "aria-hidden": "true" },
    shape("rect", { class: "bed", y: 3, width: 100, height: 6, rx: 3 }),
    shape("rect", { class: "fill", y: 3, width: 0, height: 6, rx: 3 }),
    shape("rect", { class: "mark", x: THRESHOLD_AT * 100 - 0.75, width: 1.5, height: 12 }),
  );
}

export function setEvidence(svg, feature) {
  const way = Math.max(0, feature.evidence) / feature.threshold;
  const share = way <= 1 ? THRESHOLD_AT * way : THRESHOLD_AT + (1 - THRESHOLD_AT) * (1 - 1 / way);
  svg.querySelector(".fill").setAttribute("width", 100 * share);
  svg.setAttribute("class", `evidence is-${feature.state}`);
}

/** The bins that moved most, by their part in the difference. */
export function movedBins(bins) {
  return bins
    .filter((bin) => Math.abs(bin.live - bin.reference_ratio) >= MATERIAL_MOVE)
    .sort((a, b) => Math.abs(b.live - b.reference_ratio) - Math.abs(a.live - a.reference_ratio))
    .slice(0, MOST_MOVED);
}

/** Live against reference. Numbers stand side by side in their order, names beneath each other. */
export function distribution(bins, kind, width, onRead) {
  const moved = new Set(movedBins(bins));
  return kind === "numeric" ? columns(bins, moved, width, onRead) : rows(bins, moved, width, onRead);
}

const sentence = (bin) =>
  `${shorten(bin.range, 120)}:  live ${percent(bin.live)}, reference ${percent(bin.reference_ratio)}`;

function group(bin, onRead, ...parts) {
  const node = shape("g", { class: "bin" }, ...parts);
  node.addEventListener("pointerenter", () => onRead(sentence(bin)));
  node.addEventListener("pointerleave", () => onRead(""));
  return node;
}

const arrow = (bin) => (bin.live > bin.reference_ratio ? "▲" : "▼");

function columns(bins, moved, width, onRead) {
  const [left, top, bottom, height] = [34, 18, 42, 228];
  const most = Math.max(...bins.flatMap((bin) => [bin.live, bin.reference_ratio]), 0.01);
  const step = (width - left) / bins.length;
  const floor = height - bottom;
  const tall = (ratio) => ((floor - top) * ratio) / most;
  const bar = Math.min(13, step * 0.38);
  const named = labelled(bins, moved, Math.max(1, Math.ceil(15 / step)));
  const parts = gridLines(most, left, width, floor, tall);
  bins.forEach((bin, at) => {
    const middle = left + step * (at + 0.5);
    const color = moved.has(bin) ? "moved" : "live";
    const high = Math.max(tall(bin.live), tall(bin.reference_ratio));
    const marks = [
      shape("rect", { class: "hit", x: left + step * at, y: top - 12, width: step, height: floor - top + 12 }),
      column("reference", middle - bar, floor, bar - 0.5, tall(bin.reference_ratio)),
      column(color, middle + 0.5, floor, bar - 0.5, tall(bin.live)),
    ];
    if (moved.has(bin)) {
      marks.push(shape("text", { class: "up", x: middle, y: floor - high - 4, "text-anchor": "middle" }, arrow(bin)));
    }
    if (named.has(at)) {
      const turn = `translate(${middle + 4} ${floor + 9}) rotate(-42)`;
      const style = moved.has(bin) ? "strong" : "";
      marks.push(shape("text", { class: style, transform: turn, "text-anchor": "end" }, tick(bin.range)));
    }
    parts.push(group(bin, onRead, ...marks));
  });
  parts.push(shape("line", { class: "axis", x1: left, x2: width, y1: floor + 0.5, y2: floor + 0.5 }));
  return shape("svg", { class: "chart", viewBox: `0 0 ${width} ${height}`, height }, ...parts);
}

/** Which bins have room for a label: those that moved first, then every so many. */
function labelled(bins, moved, every) {
  const places = [...bins.keys()];
  const named = new Set();
  for (const at of [...places.filter((place) => moved.has(bins[place])), ...places.filter((place) => place % every === 0)]) {
    if (![...named].some((other) => Math.abs(other - at) < every)) named.add(at);
  }
  return named;
}

/** The short name of a numeric bin: where it begins. The whole range is read by pointing at it. */
function tick(range) {
  if (range.startsWith("<")) return "below";
  if (range.startsWith(">")) return "above";
  const start = Number(range.replace(/^[[(= ]+/, "").split(",")[0]);
  return Number.isNaN(start) ? shorten(range, 10) : compact(start);
}

function column(color, x, floor, width, height) {
  return shape("rect", { class: color, x, y: floor - height, width, height, rx: Math.min(2, width / 2, height / 2) });
}

function gridLines(most, left, width, floor, tall) {
  const step = [0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5].find((size) => most / size <= 4) ?? 0.5;
  const parts = [];
  for (let ratio = step; ratio <= most; ratio += step) {
    const y = Math.round(floor - tall(ratio)) + 0.5;
    parts.push(shape("line", { class: "grid", x1: left, x2: width, y1: y, y2: y }));
    parts.push(shape("text", { x: left - 6, y: y + 3.5, "text-anchor": "end" }, `${Math.round(ratio * 100)}%`));
  }
  return parts;
}

function rows(bins, moved, width, onRead) {
  const [label, figures, tall] = [Math.min(150, width * 0.34), 92, 26];
  const most = Math.max(...bins.flatMap((bin) => [bin.live, bin.reference_ratio]), 0.01);
  const wide = (ratio) => ((width - label - figures) * ratio) / most;
  const parts = bins.map((bin, at) => {
    const y = at * tall;
    const strong = moved.has(bin);
    const text = `${percent(bin.live)}${strong ? ` ${arrow(bin)}` : ""}`;
    const end = label + Math.max(wide(bin.live), wide(bin.reference_ratio)) + 8;
    return group(
      bin,
      onRead,
      shape("rect", { class: "hit", y, width, height: tall }),
      shape("text", { class: strong ? "strong" : "", x: label - 8, y: y + 17, "text-anchor": "end" }, shorten(bin.range, 22)),
      shape("rect", { class: "reference", x: label, y: y + 4, height: 8, width: wide(bin.reference_ratio), rx: 2 }),
      shape("rect", { class: strong ? "moved" : "live", x: label, y: y + 13, height: 8, width: wide(bin.live), rx: 2 }),
      shape("text", { class: strong ? "up" : "", x: end, y: y + 17 }, text),
    );
  });
  const height = bins.length * tall;
  return shape("svg", { class: "chart", viewBox: `0 0 ${width} ${height}`, height }, ...parts);
}

/** The entries of a distribution's legend. */
export function legend(feature, recent, anyMoved) {
  const entry = (color, text) => element("span", {}, element("i", { class: color }), text);
  const parts = [entry("reference", `reference (${feature.source})`), entry("live", recent)];
  if (anyMoved) parts.push(entry("moved", "moved most"));
  return parts;
}
