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
