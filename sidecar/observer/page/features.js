// The features, ranked and searched, and which of them is chosen. The link of the page names the chosen one.

import { evidenceBar, setEvidence } from "./charts.js";
import { isWithin, streamOf } from "./streams.js";
import { RANK, STATE, byId, count, element, power, say, score } from "./text.js";

const SHOWN = 100; // rows of the table until more are asked for
const COLUMNS = ["psi", "jensen_shannon", "kolmogorov_smirnov", "wasserstein"];

let features = [];
let choice = fromLink();
let picked = choice !== null; // by the reader; else the page follows the feature that drifts most
let wanted = "";
let all = false;
let told = () => {};
const tableRows = new Map();

export const chosen = () => choice;

export const onChoose = (tell) => { told = tell; };

/** Rank and show them. They come in the reference's order. */
export function showFeatures(found) {
  features = found.sort((a, b) => RANK[a.state] - RANK[b.state] || b.impact - a.impact || b.evidence - a.evidence);
  const [first] = features.filter(isWithin);
  if (!picked && first && !isChosen(first)) choice = placeOf(first);
  showTable();
}

/** Look at another feature from now on. */
export function choose(one) {
  choice = placeOf(one);
  picked = true;
  history.replaceState(null, "", `#${[one.side, one.feature, ...(one.stream ? [one.stream] : [])].map(encodeURIComponent).join("/")}`);
  showTable();
  told();
}

/** Look at what the link names; false if it names none. */
export function follow() {
  const named = fromLink();
  if (!named) return false;
  choice = named;
  picked = true;
  told();
  return true;
}

function fromLink() {
  const [side, name, stream = ""] = location.hash.slice(1).split("/");
  try {
    return name === undefined ? null : { side, feature: decodeURIComponent(name), stream: decodeURIComponent(stream) };
  } catch {
    return null; // not one of our links
  }
}

const placeOf = ({ side, feature, stream }) => ({ side, feature, stream });

const isChosen = (one) => choice !== null && choice.side === one.side && choice.feature === one.feature && choice.stream === one.stream;

/** Every word of the search must be in the name, the side, the kind, the state or the stream. */
function matches(one) {
  const text = `${one.feature} ${one.side} ${one.kind} ${STATE[one.state]} ${streamOf(one)}`.toLowerCase();
  return wanted.split(/\s+/).every((word) => text.includes(word));
}

function showTable() {
  const within = features.filter(isWithin);
  const found = within.filter(matches);
  const shown = all ? found : found.slice(0, SHOWN);
  const nodes = shown.map((one) => {
    const key = JSON.stringify([one.stream, one.side, one.feature]);
    if (!tableRows.has(key)) tableRows.set(key, newRow(one));
    return fillRow(tableRows.get(key), one);
  });
  arrange(byId("features"), nodes);
  say("found", wanted ? `${count(found.length)} of ${count(within.length)}` : "");
  showMore(found.length - shown.length);
}

/** Bring rows into order, and leave alone those that are in place: a row that is moved loses the focus. */
function arrange(body, nodes) {
  const focused = document.activeElement;
  if (nodes.length !== body.children.length || nodes.some((node, at) => body.children[at] !== node)) body.replaceChildren(...nodes);
  if (focused !== document.activeElement && body.contains(focused)) focused.focus();
}

function showMore(hidden) {
  const more = byId("more");
  if (!features.length) {
    say("more", "There are no features yet: the reference comes first.");
  } else if (hidden && more.dataset.hidden !== String(hidden)) {
    const button = element("button", { type: "button", class: "plain" }, `show ${count(hidden)} more`);
    button.addEventListener("click", () => { all = true; showTable(); });
    more.replaceChildren(button);
  } else if (!hidden) {
    more.replaceChildren();
  }
  more.dataset.hidden = hidden;
}

function newRow(one) {
  const cells = COLUMNS.map(() => element("td", { class: "number wide" }));
  const name = element("button", { type: "button", class: "name", title: `${one.feature} (${one.side}, ${one.kind})` }, one.feature);
  const side = one.side === "output" ? [" ", element("small", {}, "output")] : [];
  const stream = element("div", { class: "stream quiet" });
  const row = element("tr", {}, element("td", {}, element("span")), element("td", {}, name, ...side, stream), element("td", {}, evidenceBar()),
    element("td", { class: "number" }), ...cells, element("td", { class: "number wide" }));
  row.addEventListener("click", () => choose(one));
  return row;
}

function fillRow(row, one) {
  const cells = row.children;
  const state = cells[0].firstChild;
  state.className = `badge is-${one.state}`;
  state.textContent = STATE[one.state];
  setEvidence(cells[2].firstChild, one);
  cells[2].title = `${power(one.evidence)}; an alarm needs ${power(one.threshold)}`;
  cells[3].textContent = one.effect_rows ? score(one.effect) : "–";
  cells[3].classList.toggle("material", one.state === "drift" || one.state === "mismatch");
  COLUMNS.forEach((measure, at) => { cells[4 + at].textContent = score(one.scores[measure]?.value); });
  cells[4 + COLUMNS.length].textContent = rowsBehind(one);
  row.querySelector(".stream").textContent = streamOf(one);
  row.classList.toggle("chosen", isChosen(one));
  row.querySelector(".name").setAttribute("aria-pressed", isChosen(one));
  return row;
}

function rowsBehind(one) {
  const first = Object.values(one.scores)[0];
  return first ? count(first.rows) : "–";
}

/** Show them again, since the page was narrowed to a stream or is no longer. */
export function narrowed() {
  all = false;
  if (choice && !isWithin(choice)) picked = false;
  showFeatures(features);
  told();
}

byId("search").addEventListener("input", (event) => {
  wanted = event.target.value.trim().toLowerCase();
  all = false;
  showTable();
});
