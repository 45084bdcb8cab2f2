// The live page: asks for the figures each second and shows them. Everything it shows is in /api/v1.

import { distribution, evidenceBar, legend, movedBins, setEvidence, sparkline } from "./charts.js";
import { ago, byId, clock, count, element, figure, pValue, percent, power, say, score, seconds } from "./text.js";

const EVERY = 1000; // ms
const EVERY_WITH_MANY = 5000;
const MANY = 200; // features; more than that are fetched more rarely
const SHOWN = 100; // rows of the table until more are asked for
const POINTS = 300;
const RANK = { drift: 0, warning: 1, ok: 2, insufficient: 3 };
const STATE = { drift: "drift", warning: "warning", ok: "ok", insufficient: "too few rows" };
const MEASURES = {
  psi: "PSI",
  jensen_shannon: "Jensen-Shannon",
  hellinger: "Hellinger",
  total_variation: "Total variation",
  kolmogorov_smirnov: "Kolmogorov-Smirnov",
  wasserstein: "Wasserstein",
  anderson_darling: "Anderson-Darling",
  chi_squared: "Chi-squared",
  g_test: "G",
};
const COLUMNS = ["psi", "jensen_shannon", "kolmogorov_smirnov", "wasserstein"];

let points = [];
let features = [];
let featuresAt = 0;
let chosen = fromHash();
let picked = chosen !== null; // by the reader; else the page follows the feature that drifts most
let filter = "";
let all = false;
const tableRows = new Map();

async function ask(path) {
  const answer = await fetch(path, { cache: "no-store" });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

async function refresh() {
  const status = await ask("api/v1/status");
  if (!points.length || points[points.length - 1].at < status.now - 10) points = (await ask("api/v1/history")).points;
  remember(status.recent);
  const age = Date.now() - featuresAt;
  if (age >= (features.length > MANY ? EVERY_WITH_MANY : 0)) {
    features = (await ask("api/v1/features")).features.sort(byDrift);
    featuresAt = Date.now();
  }
  if (!picked) chosen = features[0] ?? null;
  showStatus(status);
  showTraffic(status);
  showTable();
  showFigures(status);
  showChanges((await ask("api/v1/changes")).changes);
  showSegments((await ask("api/v1/segments")).segments);
  if (chosen) await refreshDetail();
}

function remember(point) {
  if (point && (!points.length || points[points.length - 1].at < point.at)) points.push(point);
  points = points.slice(-POINTS);
}

const way = (feature) => feature.evidence / feature.threshold;

const distance = (feature) => feature.scores.psi?.debiased ?? 0;

function byDrift(a, b) {
  const byState = RANK[a.state] - RANK[b.state];
  if (byState || RANK[a.state] > 1) return byState || distance(b) - distance(a) || a.feature.localeCompare(b.feature);
  return way(b) - way(a) || distance(b) - distance(a) || a.feature.localeCompare(b.feature);
}

function showStatus(status) {
  const { model } = status;
  document.title = `${model.name} · drift-sidecar`;
  const version = model.version ? [element("small", {}, model.version)] : [];
  byId("model").replaceChildren(model.name, ...version);
  say("upstream", `model at ${model.upstream}`);
  const traffic = status.traffic;
  const [kind, text] = !traffic ? ["", "waiting for traffic"] : traffic.draining ? ["warning", "draining"]
    : traffic.ready ? ["ok", "live"] : ["warning", "not listening"];
  setPill(kind, text);
  showVerdict(status);
  const up = traffic ? `up ${ago(status.now - traffic.started)}` : "";
  const restarts = status.observer.restarts ? ` · observer restarted ${count(status.observer.restarts)}×` : "";
  say("about", `drift-sidecar ${status.version} · ${up}${restarts}`);
}

function setPill(kind, text) {
  byId("link").className = `pill is-${kind}`;
  say("link", text);
}

function showVerdict(status) {
  const drifted = features.filter((one) => one.state === "drift");
  const warned = features.filter((one) => one.state === "warning");
  const apart = status.sides.filter((one) => one.joint?.state === "drift");
  const together = status.sides.filter((one) => one.together?.state === "drift");
  const learning = status.sides.filter((one) => one.source === "learning");
  const judged = features.filter((one) => one.state !== "insufficient");
  const [kind, text] = drifted.length ? ["drift", `${drifted.length} of ${features.length} features have drifted`]
    : apart.length ? ["drift", `${apart.map((one) => one.side).join(" and ")}: features no longer go together as they did`]
    : together.length ? ["drift", `${together.map((one) => one.side).join(" and ")}: a small change in many features`]
    : warned.length ? ["warning", `${warned.length} of ${features.length} features may be drifting`]
    : judged.length ? ["ok", "No drift"]
    : learning.length ? ["", "Learning what is normal"]
    : ["", "Not enough rows yet to tell"];
  byId("verdict").className = `verdict ${kind}`;
  say("headline", text);
  say("subline", describeReference(status));
  const chips = [...drifted, ...warned].slice(0, 8).map((one) => {
    const chip = element("button", { class: `chip is-${one.state}`, type: "button" }, one.feature);
    chip.addEventListener("click", () => choose(one));
    return chip;
  });
  if (byId("chips").textContent !== chips.map((chip) => chip.textContent).join("")) byId("chips").replaceChildren(...chips);
  showLearning(learning);
}

function describeReference(status) {
  const seen = status.sides
    .filter((one) => one.rows_total)
    .map((one) => `${count(one.rows_total)} ${one.side === "input" ? "rows in" : "rows out"}`)
    .join(", ");
  const known = status.sides.find((one) => one.profile);
  const reference = known ? `against reference ${known.profile} (${known.source === "file" ? "from a file" : known.source})` : "";
  return [seen, reference, ...status.sides.map(describePairs)].filter(Boolean).join(" · ");
}

/** Which features carry a change that only shows between features. */
function describePairs(side) {
  if (side.joint?.state !== "drift") return "";
  const [pair] = side.joint.pairs;
  const moved = pair ? ` (${pair.first} with ${pair.second}: correlation ${pair.reference.toFixed(2)} to ${pair.live.toFixed(2)})` : "";
  return `apart: ${side.joint.features.slice(0, 3).map(([name]) => name).join(", ")}${moved}`;
}

function showLearning(sides) {
  byId("learning").hidden = !sides.length;
  byId("learning").replaceChildren(
    ...sides.map((one) => {
      const done = element("i");
      done.style.width = percent(Math.min(1, one.learned_rows / one.learn_rows), 0);
      const text = `${one.side}: ${count(one.learned_rows)} of ${count(one.learn_rows)} rows`;
      return element("div", { class: "progress" }, element("span", {}, text), element("div", { class: "track" }, done));
    }),
  );
}

function showTraffic(status) {
  const now = status.recent;
  const traffic = status.traffic;
  if (!traffic) return;
  const ended = total(traffic.exchanges.filter((one) => one.protocol !== "opaque"));
  say("rate", figure(now?.requests_per_second));
  say("rate-note", `${count(traffic.active_requests)} in flight · ${count(traffic.connections)} connections`);
  const latest = (key) => [...points].reverse().find((point) => point[key] !== null)?.[key] ?? traffic.latency_seconds[key];
  for (const key of ["p50", "p95", "p99"]) say(key, seconds(latest(key)));
  say("errors", now && now.requests_per_second ? percent(now.errors_per_second / now.requests_per_second) : percent(0));
  say("errors-note", `${count(traffic.errors)} of ${count(ended)} in all`);
  say("added", seconds(latest("added_p50") ?? traffic.added_seconds.p50));
  say("added99", seconds(latest("added_p99") ?? traffic.added_seconds.p99));
  const shed = total(traffic.shed);
  say("shed", count(shed));
  const why = [...traffic.shed].sort((a, b) => b.count - a.count)[0];
  say("shed-note", shed ? `mostly ${why.stage}: ${why.reason}` : "nothing was dropped");
  sparkline(byId("rate-line"), points, (point) => point.requests_per_second);
  sparkline(byId("latency-line"), points, (point) => point.p50, (point) => point.p95, (point) => point.p99);
  sparkline(byId("errors-line"), points, (point) => point.errors_per_second);
  sparkline(byId("added-line"), points, (point) => point.added_p50, (point) => point.added_p99);
  sparkline(byId("shed-line"), points, (point) => point.shed_per_second);
  byId("errors-line").classList.toggle("alarm", points.some((point) => point.errors_per_second));
  byId("shed-line").classList.toggle("alarm", points.some((point) => point.shed_per_second));
}

const total = (counted) => counted.reduce((sum, one) => sum + one.count, 0);

function showTable() {
  const wanted = features.filter((one) => one.feature.toLowerCase().includes(filter));
  const shown = all ? wanted : wanted.slice(0, SHOWN);
  const nodes = shown.map((one) => {
    const key = JSON.stringify([one.side, one.feature]);
    if (!tableRows.has(key)) tableRows.set(key, newRow(one));
    return fillRow(tableRows.get(key), one);
  });
  const body = byId("features");
  if (nodes.length !== body.children.length || nodes.some((node, at) => body.children[at] !== node)) body.replaceChildren(...nodes);
  showMore(wanted.length - shown.length);
}

function showMore(hidden) {
  const more = byId("more");
  if (!features.length) {
    more.textContent = "There are no features yet: the reference comes first.";
  } else if (hidden && more.dataset.hidden !== String(hidden)) {
    const button = element("button", { type: "button" }, `show ${count(hidden)} more`);
    button.addEventListener("click", () => { all = true; showTable(); });
    more.replaceChildren(button);
  } else if (!hidden) {
    more.replaceChildren();
  }
  more.dataset.hidden = hidden;
}

function newRow(one) {
  const cells = COLUMNS.map(() => element("td", { class: "number wide" }));
  const name = element("td", { title: `${one.feature} (${one.side}, ${one.kind})` }, one.feature);
  if (one.side === "output") name.append(element("small", {}, "output"));
  const row = element("tr", { tabindex: 0 }, element("td", {}, element("span")), name, element("td", {}, evidenceBar()),
    element("td", { class: "number" }), ...cells, element("td", { class: "number wide" }));
  row.addEventListener("click", () => choose(one));
  row.addEventListener("keydown", (event) => { if (event.key === "Enter") choose(one); });
  return row;
}

function fillRow(row, one) {
  const cells = row.children;
  const badge = cells[0].firstChild;
  badge.className = `badge is-${one.state}`;
  badge.textContent = STATE[one.state];
  setEvidence(cells[2].firstChild, one);
  cells[2].title = `${power(one.evidence)}; an alarm needs ${power(one.threshold)}`;
  cells[3].textContent = one.effect_rows ? score(one.effect) : "–";
  cells[3].classList.toggle("material", one.state === "drift");
  COLUMNS.forEach((measure, at) => { cells[4 + at].textContent = score(one.scores[measure]?.value); });
  cells[4 + COLUMNS.length].textContent = rowsBehind(one);
  row.classList.toggle("chosen", chosen !== null && chosen.side === one.side && chosen.feature === one.feature);
  return row;
}

function rowsBehind(one) {
  const first = Object.values(one.scores)[0];
  return first ? count(first.rows) : "–";
}

function choose(one) {
  chosen = { side: one.side, feature: one.feature };
  picked = true;
  history.replaceState(null, "", `#${one.side}/${encodeURIComponent(one.feature)}`);
  showTable();
  refreshDetail().catch(lost);
}

function fromHash() {
  const [side, name] = location.hash.slice(1).split("/");
  try {
    return name === undefined ? null : { side, feature: decodeURIComponent(name) };
  } catch {
    return null; // not one of our links
  }
}

async function refreshDetail() {
  const asked = chosen;
  const answer = await fetch(`api/v1/features/${asked.side}/${encodeURIComponent(asked.feature)}`, { cache: "no-store" });
  if (answer.status === 404) { picked = false; return; }
  if (!answer.ok) throw new Error(`feature: ${answer.status}`);
  const feature = await answer.json();
  if (asked === chosen) showDetail(feature);
}

let lastDetail = "";

function showDetail(feature) {
  const box = byId("detail");
  const width = Math.max(260, box.clientWidth - 38);
  const fingerprint = JSON.stringify([feature, width]);
  if (fingerprint === lastDetail) return; // nothing moved: leave the pointer's tooltip alone
  lastDetail = fingerprint;
  const windowed = feature.bins.some((bin) => bin.window_rows);
  const bins = feature.bins.map((bin) => ({ ...bin, live: (windowed ? bin.window_ratio : bin.live_ratio) ?? 0 }));
  const rows = feature.bins.reduce((sum, bin) => sum + (windowed ? bin.window_rows : bin.live_rows), 0);
  const read = element("p", { class: "read" });
  const badge = element("span", { class: `badge is-${feature.state}` }, STATE[feature.state]);
  box.replaceChildren(
    element("header", {}, element("h2", { title: feature.feature }, feature.feature), badge),
    element("p", { class: "quiet" }, `${feature.side}, ${feature.kind} · ${explain(feature)}`),
    legend(feature, `live, ${count(rows)} recent rows`, movedBins(bins).length > 0),
    distribution(bins, feature.kind, width, (text) => { read.textContent = text; }),
    read,
    scoreTable(feature.scores),
  );
}

function explain(feature) {
  const alarm = `evidence ${power(Math.max(0, feature.evidence))} (alarm at ${power(feature.threshold)})`;
  const depend = feature.independent_ratio < 0.8 ? `, ${percent(feature.independent_ratio, 0)} of the rows count as independent` : "";
  return feature.effect_rows ? `${alarm}, effect ${score(feature.effect)} over ${count(feature.effect_rows)} rows${depend}` : alarm;
}

function scoreTable(scores) {
  const head = ["Measure", "Value", "Without bias", "p-value", "Rows"];
  const titles = head.map((text, at) => element("th", { scope: "col", class: at ? "number" : "" }, text));
  const body = Object.entries(scores).map(([name, one]) => {
    const first = element("td", {}, MEASURES[name] ?? name);
    if (one.reason !== undefined) return element("tr", {}, first, element("td", { class: "why", colspan: 4 }, one.reason));
    const texts = [score(one.value), score(one.debiased), pValue(one.p_value), count(one.rows)];
    return element("tr", {}, first, ...texts.map((text) => element("td", { class: "number" }, text)));
  });
  if (!body.length) return element("p", { class: "quiet" }, "No window has closed yet, so there are no scores.");
  return element("table", { class: "scores" }, element("thead", {}, element("tr", {}, ...titles)), element("tbody", {}, ...body));
}

/** The feature of a change; `*` is all of them together. */
function named(change) {
  const feature = change.feature === "*" ? `all ${change.side} features together` : change.feature;
  return change.segment ? `${feature} in ${change.segment}` : feature;
}

function showChanges(changes) {
  byId("changes-card").hidden = !changes.length;
  const lines = changes.slice(0, 12).map((one) => {
    const shift = one.shifts[0];
    const unit = one.units ? ` · numbers are ${Number(one.units.toPrecision(4))} times the reference's: another unit?` : "";
    const moved = one.changed ? one.changed : shift ? `${shift.range} from ${percent(shift.reference_ratio)} to ${percent(shift.live_ratio)}` : "";
    const line = element("li", {},
      element("time", {}, clock(one.at)),
      element("span", { class: `badge is-${one.state}` }, STATE[one.state]),
      element("b", {}, named(one)),
      element("span", { class: "quiet" }, `after ${count(one.rows_seen)} rows${moved && one.state !== "ok" ? ` · ${moved}` : ""}${unit}`));
    line.addEventListener("click", () => choose(one));
    return line;
  });
  const fingerprint = JSON.stringify(changes);
  if (byId("changes").dataset.shown !== fingerprint) byId("changes").replaceChildren(...lines);
  byId("changes").dataset.shown = fingerprint;
}

function showSegments(segments) {
  byId("segments-card").hidden = !segments.length;
  const rows = segments.map((one) => element("tr", {},
    element("td", { title: one.segment }, one.segment),
    element("td", {}, one.side),
    element("td", { class: "number" }, count(one.rows_total)),
    element("td", {}, one.reference === "segment" ? "its own past" : "the whole"),
    element("td", { class: one.drifted.length ? "material" : "quiet" }, one.drifted.join(", ") || "none")));
  byId("segments").replaceChildren(...rows);
}

function showFigures(status) {
  const traffic = status.traffic ?? { exchanges: [], shed: [], requests: [] };
  const routes = [...traffic.requests].sort((a, b) => b.count - a.count).slice(0, 8);
  const blocks = [
    ["Answers, with p50", routes.map((one) => [`${one.status} ${one.method} ${one.route}`, `${count(one.count)} · ${seconds(one.p50)}`])],
    ["Exchanges", pairs(traffic.exchanges, (one) => `${one.protocol}: ${one.outcome}`)],
    ["Messages decoded", pairs(status.decoded, (one) => `${one.decoder}: ${one.result}`)],
    ["Violations", pairs(status.violations, (one) => `${one.feature}: ${one.kind}`)],
    ["Shed", pairs(traffic.shed, (one) => `${one.stage}: ${one.reason}`)],
    ["Sinks", Object.entries(status.sinks).flatMap(([sink, results]) => Object.entries(results).map(([result, n]) => [`${sink}: ${result}`, count(n)]))],
  ];
  const made = blocks.filter(([, lines]) => lines.length).map(([title, lines]) => block(title, lines));
  byId("figures").replaceChildren(...made);
}

function pairs(counted, name) {
  return counted.filter((one) => one.count).sort((a, b) => b.count - a.count).slice(0, 8).map((one) => [name(one), count(one.count)]);
}

function block(title, lines) {
  const list = lines.flatMap(([name, value]) => [element("dt", { title: name }, name), element("dd", {}, value)]);
  return element("div", {}, element("h3", {}, title), element("dl", {}, ...list));
}

function lost() {
  setPill("warning", "reconnecting");
  document.body.classList.add("stale");
}

async function run() {
  if (!document.hidden) {
    try {
      await refresh();
      document.body.classList.remove("stale");
    } catch (error) {
      console.warn(error);
      lost();
    }
  }
  setTimeout(run, EVERY);
}

byId("search").addEventListener("input", (event) => { filter = event.target.value.trim().toLowerCase(); all = false; showTable(); });
addEventListener("hashchange", () => { chosen = fromHash() ?? chosen; picked = true; refreshDetail().catch(lost); });
run();
