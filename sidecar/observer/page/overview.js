// What is known within five seconds: is it healthy, is it drifting, what changed.

import { choose } from "./features.js";
import { streamOf } from "./streams.js";
import { ago, byId, clock, count, element, figure, happened, percent, refill, say, seconds, total } from "./text.js";

const MINUTE = 60; // points, one a second
const BAD = 0.05; // share of failed answers that is more than a warning
const CHIPS = 8;
const READ = ["ok", "partial", "refused", "unanswered"]; // what the model did not accept need not be read

export function showOverview(look, points) {
  const { status, features, changes } = look;
  showModel(status);
  showHealth(status, points.slice(-MINUTE));
  showDrift(status, features);
  showLast(changes, status.now);
}

function showModel(status) {
  const { model, traffic } = status;
  document.title = `${model.name} · drift-sidecar`;
  refill(byId("model"), model, () => [model.name, ...(model.version ? [" ", element("small", {}, model.version)] : [])]);
  say("upstream", `model at ${model.upstream}`);
  byId("link").className = "pill is-ok";
  say("link", "live");
  const up = traffic ? `up ${ago(status.now - traffic.started)}` : "";
  const restarts = status.observer.restarts ? ` · observer restarted ${count(status.observer.restarts)}×` : "";
  say("about", `drift-sidecar ${status.version} · ${up}${restarts}`);
}

function answer(card, line, note, [kind, text, why]) {
  byId(card).className = `answer ${kind}`;
  say(line, text);
  say(note, why);
}

function showHealth(status, minute) {
  answer("health", "health-line", "health-note", health(status, minute));
}

const sum = (points, key) => points.reduce((all, point) => all + point[key], 0);

/** How the last minute was: the worst that there is to say, and what stands behind it. */
function health(status, minute) {
  const { traffic } = status;
  if (!traffic) return ["", "Waiting for traffic", "The traffic process has not said anything yet."];
  const [asked, failed, shed] = ["requests_per_second", "errors_per_second", "shed_per_second"].map((key) => sum(minute, key));
  const usual = `${figure(status.recent?.requests_per_second)} requests/s · p50 ${seconds(traffic.latency_seconds.p50)}`;
  if (traffic.draining) return ["warning", "Draining: it ends soon", usual];
  if (!traffic.ready) return ["warning", "Not listening", usual];
  const share = asked ? failed / asked : 0;
  if (failed) return [share >= BAD ? "drift" : "warning", `${percent(share)} of answers fail`, `in the last minute · ${usual}`];
  if (shed) return ["warning", "Watching only a part", `${count(shed)} payloads were shed in the last minute; requests were not touched`];
  const unread = total(status.decoded.filter((one) => !READ.includes(one.result)));
  if (unread > total(status.decoded) / 2) return ["warning", "Most messages cannot be read", `${count(unread)} of them; below is why`];
  return asked ? ["ok", "Answering well", `no errors in the last minute · ${usual}`] : ["", "No requests just now", usual];
}

function showDrift(status, features) {
  const strange = features.filter((one) => one.state === "mismatch");
  const drifted = features.filter((one) => one.state === "drift");
  const warned = features.filter((one) => one.state === "warning");
  const learning = status.sides.filter((one) => one.source === "learning");
  const headline = mismatchHeadline(status, features, strange) ?? driftHeadline(status, features, drifted, warned, learning);
  answer("verdict", "headline", "subline", [...headline, describeReference(status)]);
  const named = [...strange, ...drifted, ...warned].slice(0, CHIPS).map((one) => [one.side, one.feature, one.state, one.stream, streamOf(one)]);
  refill(byId("chips"), named, () => named.map(chip));
  showLearning(learning);
}

/** What the reference does not describe, and the explanation of most of it; null where it describes all. */
function mismatchHeadline(status, features, strange) {
  if (!strange.length) return null;
  const explained = new Map();
  for (const one of status.sides) for (const [why, n] of Object.entries(one.mismatched)) explained.set(why, (explained.get(why) ?? 0) + n);
  const [[nearest]] = [...explained].sort((a, b) => b[1] - a[1]);
  const what = strange.length === features.length ? "this traffic" : `${strange.length} of ${features.length} features`;
  return ["drift", `The reference does not describe ${what}: ${nearest}`];
}

function driftHeadline(status, features, drifted, warned, learning) {
  const where = (key) => status.sides.filter((one) => one[key]?.state === "drift").map((one) => one.side).join(" and ");
  if (drifted.length) return ["drift", `${drifted.length} of ${features.length} features have drifted`];
  if (where("joint")) return ["drift", `${where("joint")}: features no longer go together as they did`];
  if (where("together")) return ["drift", `${where("together")}: a small change in many features`];
  if (warned.length) return ["warning", `${warned.length} of ${features.length} features may be drifting`];
  if (features.some((one) => one.state !== "insufficient")) return ["ok", "No drift"];
  return ["", learning.length ? "Learning what is normal" : "Not enough rows yet to tell"];
}

function chip([side, feature, state, stream, name]) {
  const title = `${[name, feature].filter(Boolean).join(": ")} (${side}): ${state}`;
  const button = element("button", { class: `chip is-${state}`, type: "button", title }, feature);
  button.addEventListener("click", () => choose({ side, feature, stream }));
  return button;
}

function describeReference(status) {
  const seen = ["input", "output"]
    .map((side) => [side, status.sides.filter((one) => one.side === side).reduce((all, one) => all + one.rows_total, 0)])
    .filter(([, rows]) => rows)
    .map(([side, rows]) => `${count(rows)} ${side === "input" ? "rows in" : "rows out"}`);
  if (status.streams.length > 1) seen.push(`${count(status.streams.length)} streams`);
  const known = status.sides.find((one) => one.profile);
  const name = status.reference.name || known?.profile;
  return [...seen, known ? `against ${known.source === "file" ? `the reference “${name}”` : `what was ${known.source}`}` : ""].filter(Boolean).join(" · ");
}

function showLearning(sides) {
  byId("learning").hidden = !sides.length;
  byId("learning").replaceChildren(
    ...sides.map((one) => {
      const done = element("i");
      done.style.width = percent(Math.min(1, one.learned_rows / one.learn_rows), 0);
      const text = `${[streamOf(one), one.side].filter(Boolean).join(" ")}: ${count(one.learned_rows)} of ${count(one.learn_rows)} rows`;
      return element("div", { class: "progress" }, element("span", {}, text), element("div", { class: "track" }, done));
    }),
  );
}

function showLast(changes, now) {
  const [newest] = changes;
  if (!newest) return answer("changed", "changed-line", "changed-note", ["", "Nothing so far", "No verdict has changed since the observer started."]);
  const { name, state, how } = happened(newest);
  const age = Math.max(0, now - newest.at);
  const when = age < 60 ? "less than a minute ago" : `${ago(age)} ago`;
  const line = [streamOf(newest), state ? `${name}: ${state}` : name].filter(Boolean).join(" · ");
  answer("changed", "changed-line", "changed-note", [state, line, [`${when}, at ${clock(newest.at)}`, how].filter(Boolean).join(" · ")]);
}
