// Traffic and latency of the last five minutes: tiles for a look, plots and a table to read.

import { sparkline } from "./charts.js";
import { timePlot } from "./plots.js";
import { byId, clock, count, figure, onOpen, percent, refill, say, seconds, table, total } from "./text.js";

const SECONDS = 60; // rows of the table

let plots = null;

export const redrawTraffic = () => plots?.forEach((plot) => plot.redraw());

export function showTiles(status, points) {
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
  showSparklines(points);
}

function showSparklines(points) {
  sparkline(byId("rate-line"), points, (point) => point.requests_per_second);
  sparkline(byId("latency-line"), points, (point) => point.p50, (point) => point.p95, (point) => point.p99);
  sparkline(byId("errors-line"), points, (point) => point.errors_per_second);
  sparkline(byId("added-line"), points, (point) => point.added_p50, (point) => point.added_p99);
  sparkline(byId("shed-line"), points, (point) => point.shed_per_second);
  byId("errors-line").classList.toggle("alarm", points.some((point) => point.errors_per_second));
  byId("shed-line").classList.toggle("alarm", points.some((point) => point.shed_per_second));
}

/** The same points with axes; made when there are some. */
export function showPoints(points) {
  if (!points.length) return;
  plots ??= [
    timePlot(byId("rate-plot"), [["requests/s", "live"], ["errors/s", "drift"]], figure),
    timePlot(byId("latency-plot"), [["p50", "live"], ["p95", "p95"], ["p99", "p99"]], seconds),
  ];
  const column = (key) => points.map((point) => point[key]);
  const at = column("at");
  plots[0].setData([at, column("requests_per_second"), column("errors_per_second")]);
  plots[1].setData([at, column("p50"), column("p95"), column("p99")]);
  const last = points[points.length - 1];
  byId("rate-plot").setAttribute("aria-label", `Now ${figure(last.requests_per_second)} requests and ${figure(last.errors_per_second)} errors per second`);
  byId("latency-plot").setAttribute("aria-label", `Now p50 ${seconds(last.p50)}, p95 ${seconds(last.p95)}, p99 ${seconds(last.p99)}`);
  onOpen("minutes-table", () => {
    const lines = points.slice(-SECONDS).reverse().map((point) => [
      clock(point.at), figure(point.requests_per_second), figure(point.errors_per_second), seconds(point.p50), seconds(point.p95),
      seconds(point.p99), seconds(point.added_p50), figure(point.shed_per_second),
    ]);
    const heads = ["Until", "Requests/s", "Errors/s", "p50", "p95", "p99", "Added p50", "Shed/s"];
    refill(byId("minutes-table").querySelector(".scroll"), lines, () => [table(heads, lines)]);
  });
}
