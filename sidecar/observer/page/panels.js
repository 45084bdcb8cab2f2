// What stands further down: features together, segments, what happened, exchanges, counters, reference and settings.

import { choose } from "./features.js";
import { streamOf } from "./streams.js";
import { RANK, RULE, badge, byId, clock, count, element, happened, pValue, percent, power, refill, say, score, seconds, shorten, table, total } from "./text.js";

const CHANGES = 12;
const LINES = 8;
const EXCHANGES = 20;

/** The tests on all features of a side, and on how they go together. */
export function showTogether(sides) {
  const rows = sides.flatMap((side) => [side.together && together(side), side.joint && joint(side)]).filter(Boolean);
  byId("together-card").hidden = !rows.length;
  refill(byId("together"), rows, () => rows.map(([state, what, certainty, effect, carried]) => element("tr", {},
    element("td", {}, badge(state)), element("td", {}, what), element("td", { class: "number wide" }, certainty),
    element("td", { class: "number" }, effect), element("td", { class: "wide wrap" }, carried))));
}

const inStream = (one) => (streamOf(one) ? ` of ${streamOf(one)}` : "");

function together(of) {
  const { side, together: one } = of;
  return [one.state, `All ${side} features${inStream(of)}, a little each`, power(Math.max(0, one.evidence)), score(one.effect), "–"];
}

function joint(of) {
  const { side, joint: one } = of;
  const pairs = one.pairs.slice(0, 2).map((pair) => `${shorten(pair.first, 30)} with ${shorten(pair.second, 30)}: ${pair.reference.toFixed(2)} to ${pair.live.toFixed(2)}`);
  const carried = one.state === "drift" ? pairs.join("; ") || one.features.slice(0, 3).map(([name]) => shorten(name, 30)).join(", ") : "–";
  return [one.state, `How ${side} features${inStream(of)} go together`, `p ${pValue(one.p_value)}`, score(one.effect), carried];
}

/** The state of those that are least well; undefined where there are none. */
const worst = (features) => features.map((one) => one.state).sort((a, b) => RANK[a] - RANK[b])[0];

export function showSegments(segments) {
  byId("segments-card").hidden = !segments.length;
  refill(byId("segments"), segments, () => segments.map((one) => {
    const state = worst(one.features) ?? (one.rows_total ? "ok" : "insufficient");
    const more = one.unwell > one.features.length ? ` and ${count(one.unwell - one.features.length)} more` : "";
    const named = one.features.map((each) => shorten(each.feature, 40)).join(", ");
    return element("tr", {},
      element("td", {}, badge(state)),
      element("td", { title: one.segment }, one.segment, ...(streamOf(one) ? [" ", element("small", {}, streamOf(one))] : [])),
      element("td", {}, one.side),
      element("td", { class: "number" }, count(one.rows_total)),
      element("td", { class: "wide" }, one.reference === "segment" ? "its own past" : "the whole"),
      element("td", { class: named ? "material wide wrap" : "quiet wide" }, `${named}${more}` || "none"));
  }));
}

/** Rules of the reference's constraints that are violated, and how many there are. */
export function showRules(rules, sides) {
  const all = sides.reduce((sum, side) => sum + side.rules, 0);
  const [violated, few] = [sides.reduce((sum, side) => sum + side.violated, 0), sides.every((side) => !side.rules || !side.rows_total)];
  byId("rules-card").hidden = !all;
  say("rules-note", few ? `${count(all)} rules, no rows yet` : violated ? `${count(violated)} of ${count(all)} rules are violated` : `all ${count(all)} rules are kept`);
  byId("rules-table").hidden = !rules.length;
  refill(byId("rules"), rules, () => rules.map((one) => element("tr", {},
    element("td", {}, badge(one.state)),
    element("td", { title: one.feature }, shorten(one.feature, 40), ...(streamOf(one) ? [" ", element("small", {}, streamOf(one))] : [])),
    element("td", {}, RULE[one.rule]),
    element("td", { class: "wide wrap" }, shorten(one.limit, 80)),
    element("td", { class: "number" }, percent(one.rate)),
    element("td", { class: "number wide" }, percent(one.allowed)))));
}

export function showChanges(changes) {
  byId("changes-card").hidden = !changes.length;
  refill(byId("changes"), changes, () => changes.slice(0, CHANGES).map((one) => {
    const { name, state, how } = happened(one);
    const single = one.what === "verdict" && one.feature !== "*";
    const title = single ? element("button", { type: "button", class: "name" }, name) : element("b", {}, name);
    if (single) title.addEventListener("click", () => choose(one));
    const rows = one.rows_seen ? `after ${count(one.rows_seen)} rows` : "";
    const note = element("span", { class: "quiet" }, [streamOf(one), rows, how].filter(Boolean).join(" · "));
    return element("li", {}, element("time", {}, clock(one.at)), ...(state ? [badge(state)] : []), title, note);
  }));
}

export function showExchanges(exchanges) {
  const rows = exchanges.slice(0, EXCHANGES).map((one) => [
    clock(one.at), `${one.method} ${one.route}`, one.outcome === "complete" ? String(one.status || "–") : `${one.status || ""} ${one.outcome}`.trim(),
    one.trace_id ? one.trace_id.slice(0, 8) : "–", seconds(one.duration_seconds), seconds(one.first_byte_seconds), bytes(one.request_bytes), bytes(one.response_bytes),
  ]);
  const heads = ["At", "Route", "Answer", "Trace", "Took", "First byte", "Request", "Response"];
  refill(byId("exchanges"), rows, () => [rows.length ? table(heads, rows, 4) : element("p", { class: "quiet" }, "None reached the observer yet.")]);
}

const bytes = (size) => (size < 1000 ? `${size} B` : size < 1e6 ? `${(size / 1e3).toPrecision(3)} kB` : `${(size / 1e6).toPrecision(3)} MB`);

export function showFigures(status) {
  const traffic = status.traffic ?? { exchanges: [], shed: [], requests: [] };
  const routes = [...traffic.requests].sort((a, b) => b.count - a.count).slice(0, LINES);
  const results = Object.entries(status.sinks).flatMap(([sink, found]) => Object.entries(found).map(([result, n]) => [`${sink}: ${result}`, count(n)]));
  const blocks = [
    ["Answers, with p50", routes.map((one) => [`${one.status} ${one.method} ${one.route}`, `${count(one.count)} · ${seconds(one.p50)}`])],
    ["Exchanges", counts(traffic.exchanges, (one) => `${one.protocol}: ${one.outcome}`)],
    ["Messages decoded", counts(status.decoded, (one) => `${one.decoder}: ${one.result}`)],
    ["Answers by version", counts(status.answered, (one) => `${named(one)}${one.version}`)],
    ["Violations", counts(status.violations, (one) => `${named(one)}${one.feature}: ${one.kind}`)],
    ["Rows in", status.streams.flatMap((one) => counts(Object.entries(one.rows).map(([answered, n]) => ({ answered, count: n })), ({ answered }) => `${named(one)}${answered}`))],
    ["Not watched", counts(status.unwatched, (one) => one.why)],
    ["Shed", total(traffic.shed) ? counts(traffic.shed, (one) => `${one.stage}: ${one.reason}`) : [["nothing", "0"]]],
    ["Sinks", results],
  ];
  refill(byId("figures"), blocks, () => blocks.filter(([, lines]) => lines.length).map(([title, lines]) => block(title, lines)));
}

const named = (one) => (streamOf(one) ? `${streamOf(one)}: ` : "");

function counts(counted, name) {
  return counted.filter((one) => one.count).sort((a, b) => b.count - a.count).slice(0, LINES).map((one) => [name(one), count(one.count)]);
}

function block(title, lines) {
  return element("div", {}, element("h3", {}, title), element("dl", {}, ...pairs(lines)));
}

const pairs = (lines) => lines.flatMap(([name, value]) => [element("dt", { title: name }, shorten(name, 80)), element("dd", {}, value)]);

export function showReference(status) {
  const lines = [
    ["Name", status.reference.name || "–"],
    ["Made", status.reference.created || "–"],
    ["Digest", status.digest.slice(0, 16) || "–"],
    ...status.sides.map((one) => [`${named(one)}${one.side}`, side(one)]),
  ];
  refill(byId("reference"), lines, () => pairs(lines));
  byId("download").hidden = !status.sides.some((one) => one.profile && one.rows_total);
}

function side(one) {
  if (!one.profile) return one.source === "learning" ? `learning: ${percent(one.learned_rows / one.learn_rows, 0)}` : "not in the reference";
  return `${count(one.features)} features, ${one.source === "file" ? "from a file" : one.source}; ${count(one.rows_total)} live rows`;
}

/** Settings as path and value, by path. */
export function settingsTable(settings) {
  const walk = (value, path) => (value !== null && typeof value === "object" && !Array.isArray(value)
    ? Object.entries(value).flatMap(([key, inner]) => walk(inner, path ? `${path}.${key}` : key))
    : [[path, typeof value === "string" ? value : JSON.stringify(value)]]);
  return table(["Setting", "Value"], walk(settings, ""), 2);
}
