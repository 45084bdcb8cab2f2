// Numbers and elements. Text from outside (feature names, routes) only ever becomes textContent, never markup.

const SVG = "http://www.w3.org/2000/svg";

export const byId = (id) => document.getElementById(id);

/** An element with attributes and children; strings become text nodes. */
export function element(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

/** The same in SVG. */
export function shape(name, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

function fill(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

/** Set a text only where it changed, so that selections and screen readers are left in peace. */
export function say(id, text) {
  const node = byId(id);
  if (node.textContent !== text) node.textContent = text;
}

export const count = (value) => Math.round(value).toLocaleString("en-US");

/** Rates and the like: three digits, or whole numbers with separators. */
export function figure(value) {
  if (value === null || value === undefined) return "–";
  const size = Math.abs(value);
  if (size >= 1000) return count(value);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
}

/** Scores: three decimals, so that columns line up. */
export function score(value) {
  if (value === null || value === undefined) return "–";
  return Math.abs(value) >= 100 ? count(value) : value.toFixed(3);
}

/** A number in a few characters: 12.4k, 0.013, 3e-7. */
export function compact(value) {
  const size = Math.abs(value);
  if (size >= 1e15 || (size && size < 1e-3)) return value.toExponential(0).replace("e+", "e");
  for (const [unit, name] of [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e4, "k"]]) {
    if (size >= unit) return `${Number((value / (name === "k" ? 1e3 : unit)).toPrecision(3))}${name}`;
  }
  return String(Number(value.toPrecision(3)));
}

export function seconds(value) {
  if (value === null || value === undefined) return "–";
  if (value < 0.001) return `${Math.round(value * 1e6)} µs`;
  if (value < 1) return `${(value * 1e3).toPrecision(value < 0.1 ? 2 : 3)} ms`;
  return `${value.toPrecision(3)} s`;
}

export function percent(ratio, digits = 1) {
  if (ratio === null || ratio === undefined) return "–";
  if (ratio > 0 && ratio < 10 ** -(digits + 2)) return `<${(10 ** -digits).toFixed(digits)}%`;
  return `${(ratio * 100).toFixed(digits)}%`;
}

export function pValue(value) {
  if (value >= 0.001) return value.toFixed(3);
  return value > 0 ? power(Math.floor(Math.log10(value))) : "0";
}

/** 10 to an exponent, which is rounded. */
export function power(exponent) {
  const sign = exponent < 0 ? "⁻" : "";
  return `10${sign}${[...String(Math.round(Math.abs(exponent)))].map((digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit]).join("")}`;
}

export const clock = (unixSeconds) => new Date(unixSeconds * 1000).toLocaleTimeString("en-GB");

export function ago(span) {
  if (span < 90) return `${Math.round(span)} s`;
  if (span < 5400) return `${Math.round(span / 60)} min`;
  return span < 129600 ? `${Math.round(span / 3600)} h` : `${Math.round(span / 86400)} days`;
}

export const RANK = { mismatch: 0, drift: 1, warning: 2, ok: 3, insufficient: 4 }; // the worst first
export const STATE = {
  mismatch: "mismatch", drift: "drift", warning: "warning", ok: "ok", insufficient: "too few rows", violated: "violated",
};

export const badge = (state) => element("span", { class: `badge is-${state}` }, STATE[state]);

export const total = (counted) => counted.reduce((sum, one) => sum + one.count, 0);

/** No longer than so many characters. */
export function shorten(text, characters) {
  const all = [...text.slice(0, 2 * characters)];
  return all.length <= characters && text.length <= 2 * characters ? text : all.slice(0, characters - 1).join("") + "…";
}

/** A table of texts; cells may be nodes. Columns after the first `names` hold numbers. */
export function table(heads, rows, names = 1) {
  const side = (at) => (at < names ? "" : "number");
  const cell = (value, at) => element("td", { class: side(at) }, value);
  const titles = heads.map((text, at) => element("th", { scope: "col", class: side(at) }, text));
  const body = rows.map((row) => element("tr", {}, ...row.map(cell)));
  return element("table", { class: "small" }, element("thead", {}, element("tr", {}, ...titles)), element("tbody", {}, ...body));
}

const fingerprints = new WeakMap();

/** Put nodes into a place only when what they show has changed, so that focus, selection and pointers stay. */
export function refill(node, shown, make) {
  const fingerprint = JSON.stringify(shown);
  if (fingerprints.get(node) === fingerprint) return;
  fingerprints.set(node, fingerprint);
  node.replaceChildren(...make());
}

const fillers = new Map();

/** A `details` is filled when it is opened, and while it is open. */
export function onOpen(id, fillIt) {
  const box = byId(id);
  if (!fillers.has(id)) box.addEventListener("toggle", () => { if (box.open) fillers.get(id)(); });
  fillers.set(id, fillIt);
  if (box.open) fillIt();
}

/** What a rule of a constraint is about. */
export const RULE = { type: "type", range: "range", domain: "values", pattern: "pattern", missing: "missing values", required: "is sent", unique: "unique", monotone: "order" };

/** How often a rule is broken, and how often it may be. */
export const broken = (rule) => `${percent(rule.rate)} of ${count(rule.rows)} rows break “${rule.limit}”; ${percent(rule.allowed)} may`;

/** A change in words: what it is about, the new state (empty where there is none), and how. */
export function happened(change) {
  if (change.what === "reference") return { name: "Another reference", state: "", how: change.digest.slice(0, 8) };
  if (change.what === "learned") return { name: `A reference of the ${change.side} was learned`, state: "", how: `${count(change.rows_seen)} rows` };
  if (change.what === "joint") {
    const [pair] = change.pairs;
    const how = pair && change.state !== "ok" ? `${pair.first} with ${pair.second}: correlation ${pair.reference.toFixed(2)} to ${pair.live.toFixed(2)}` : "";
    return { name: `How ${change.side} features go together`, state: change.state, how };
  }
  if (change.what === "constraint") return { name: `${change.feature}: ${RULE[change.rule]}`, state: change.state, how: broken(change) };
  const feature = change.feature === "*" ? `All ${change.side} features together` : change.feature;
  return { name: change.segment ? `${feature} in ${change.segment}` : feature, state: change.state, how: change.state === "ok" ? "" : how(change) };
}

function how(change) {
  const [shift] = change.shifts;
  const moved = shift ? `${shorten(shift.range, 60)} from ${percent(shift.reference_ratio)} to ${percent(shift.live_ratio)}` : "";
  const unit = change.units ? `numbers are ${Number(change.units.toPrecision(4))} times the reference's: another unit?` : "";
  return [change.changed || moved, unit].filter(Boolean).join(" · ");
}
