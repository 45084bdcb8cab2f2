// Lines over time, by uPlot: axes, a cursor that reads, and canvases that stay cheap when they change each second.

import { clock, element } from "./text.js";

const HEIGHT = 170;
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400, 604800]; // seconds between times
const probe = document.body.appendChild(element("i", { hidden: "" }));

/** A colour of the style sheet as it is now: light or dark. */
function ink(name) {
  probe.style.color = `var(--${name})`;
  return getComputedStyle(probe).color;
}

/** A plot of lines ([label, colour]) in a box; `paint` draws behind them. Give it data: times (Unix seconds), then a list for each line. */
export function timePlot(box, lines, format, paint) {
  const shown = (value) => (value === null || value === undefined ? "–" : format(value));
  const axis = { stroke: () => ink("quiet"), grid: { stroke: () => ink("line"), width: 1 }, ticks: { show: false }, font: "11px system-ui, sans-serif" };
  const few = (plot) => plot.data[0].length < 40;
  const series = lines.map(([label, color]) => (
    { label, stroke: () => ink(color), width: 1.6, points: { show: few, size: 5 }, value: (_, value) => shown(value) }
  ));
  const plot = new uPlot({
    width: box.clientWidth || 300,
    height: HEIGHT,
    padding: [8, 26, 0, 0],
    cursor: { drag: { x: false, y: false } },
    scales: { y: { range: (_, low, high) => [Math.min(0, low ?? 0), (high ?? 0) * 1.08 || 1] } },
    series: [{ label: "at", value: (_, at) => (at ? clock(at) : "–") }, ...series],
    axes: [
      { ...axis, space: 64, incrs: STEPS, values: (_, at) => at.map(clock) },
      { ...axis, size: 62, values: (_, values) => values.map(format) },
    ],
    hooks: { drawClear: paint ? [(drawing) => paint(drawing, ink)] : [] },
  }, [[], ...lines.map(() => [])], box);
  new ResizeObserver(() => { if (box.clientWidth) plot.setSize({ width: box.clientWidth, height: HEIGHT }); }).observe(box);
  return plot;
}
