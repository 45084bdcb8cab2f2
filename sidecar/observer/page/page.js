// The live page: what the observer sends each second is shown. Everything that it shows is in /api/v1.

import { loseDetail, redrawDetail, showDetail } from "./detail.js";
import { chosen, follow, narrowed, onChoose, showFeatures } from "./features.js";
import { showOverview } from "./overview.js";
import { settingsTable, showChanges, showExchanges, showFigures, showReference, showRules, showSegments, showTogether } from "./panels.js";
import { isWithin, onNarrow, showStreams } from "./streams.js";
import { redrawTraffic, showPoints, showTiles } from "./traffic.js";
import { byId, say } from "./text.js";

const POINTS = 300;
const AGAIN = 5000; // ms until a page that was refused asks again
const THEMES = { auto: "light dark", light: "light", dark: "dark" };

let points = [];
let events = null;
let last = null;

async function ask(path) {
  const answer = await fetch(path, { cache: "no-store" });
  if (answer.status === 404) return null;
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

function listen() {
  events?.close();
  events = new EventSource("api/v1/live");
  events.addEventListener("open", () => { points = []; });
  events.addEventListener("message", (event) => show(JSON.parse(event.data)).catch(lost));
  events.addEventListener("error", () => {
    lost();
    if (events.readyState === EventSource.CLOSED) setTimeout(listen, AGAIN);
  });
}

async function show(look) {
  last = look;
  await remember(look.status);
  document.body.classList.remove("stale");
  showStreams(look.status.streams);
  showFeatures(look.features);
  showOverview(look, points);
  showTiles(look.status, points);
  showPoints(points);
  showLists(look);
  showExchanges(look.exchanges);
  showFigures(look.status);
  showReference(look.status);
  await refreshDetail();
}

/** What is of one stream each. */
function showLists(look) {
  showTogether(look.status.sides.filter(isWithin));
  showRules(look.rules.filter(isWithin), look.status.sides.filter(isWithin));
  showSegments(look.segments.filter(isWithin));
  showChanges(look.changes.filter(isWithin));
}

async function remember({ recent, now }) {
  if (!points.length || points[points.length - 1].at < now - 10) points = (await ask("api/v1/history")).points;
  if (recent && (!points.length || points[points.length - 1].at < recent.at)) points.push(recent);
  points = points.slice(-POINTS);
}

async function refreshDetail() {
  const asked = chosen();
  if (!asked) return;
  const place = `${asked.side}/${encodeURIComponent(asked.feature)}`;
  const stream = asked.stream ? `?stream=${encodeURIComponent(asked.stream)}` : "";
  const feature = await ask(`api/v1/features/${place}${stream}`);
  const trail = feature && (await ask(`api/v1/trail/${place}${stream}`));
  if (asked !== chosen()) return; // the reader chose another one meanwhile
  if (feature) showDetail(feature, trail);
  else loseDetail(asked);
}

function lost(error) {
  if (error) console.warn(error);
  byId("link").className = "pill is-warning";
  say("link", "reconnecting");
  document.body.classList.add("stale");
}

function setTheme(name) {
  document.documentElement.style.colorScheme = THEMES[name];
  document.documentElement.dataset.theme = name;
  say("theme", `colours: ${name}`);
  redrawTraffic();
  redrawDetail();
}

byId("theme").addEventListener("click", () => {
  const names = Object.keys(THEMES);
  const next = names[(names.indexOf(document.documentElement.dataset.theme) + 1) % names.length];
  localStorage.setItem("theme", next);
  setTheme(next);
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => setTheme(document.documentElement.dataset.theme));
document.addEventListener("visibilitychange", () => { if (document.hidden) events?.close(); else listen(); });
addEventListener("hashchange", () => { if (follow() && last) showFeatures(last.features); });
onChoose(async () => {
  await refreshDetail().catch(lost);
  const { top } = byId("detail").getBoundingClientRect();
  if (top > innerHeight / 2) byId("detail").scrollIntoView(); // it stands below the table where there is little width
});

onNarrow(() => {
  narrowed();
  if (last) showLists(last);
});

byId("settings").addEventListener("toggle", async () => {
  byId("settings").querySelector(".scroll").replaceChildren(settingsTable(await ask("api/v1/settings")));
});

const stored = localStorage.getItem("theme");
setTheme(stored in THEMES ? stored : "auto");
if (!document.hidden) listen();
