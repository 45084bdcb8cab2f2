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

/** 3 significant digits, or whole numbers with separators. */
export function figure(value) {
  if (value === null || value === undefined) return "–";
  const size = Math.abs(value);
  if (size >= 1000) return count(value);
  if (size >= 100) return value.toFixed(0);
  if (size >= 10) return value.toFixed(1);
  if (size >= 0.1 || size === 0) return value.toFixed(2);
  return size >= 0.001 ? value.toFixed(3) : "<0.001";
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
  return value > 0 ? value.toExponential(0).replace("e-", " × 10⁻").replace(/\d+$/, raised) : "0";
}

const raised = (digits) => [...digits].map((digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit]).join("");

export function ago(span) {
  if (span < 90) return `${Math.round(span)} s`;
  if (span < 5400) return `${Math.round(span / 60)} min`;
  return span < 129600 ? `${Math.round(span / 3600)} h` : `${Math.round(span / 86400)} days`;
}
