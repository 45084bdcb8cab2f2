// Which streams (one model at one endpoint each) there are, and to which one the page is narrowed.

import { byId, element, refill } from "./text.js";

let names = new Map();
let only = null; // all of them
let told = () => {};

export const onNarrow = (tell) => { told = tell; };

/** Offer the streams where there are several. */
export function showStreams(streams) {
  names = new Map(streams.map((one) => [one.stream, one.model_name]));
  if (only !== null && !names.has(only)) only = null;
  const select = byId("stream");
  select.hidden = !several();
  refill(select, [...names], () => [
    element("option", { value: "*" }, "All streams"),
    ...streams.map((one) => element("option", { value: `=${one.stream}` }, one.model_name)),
  ]);
  select.value = only === null ? "*" : `=${only}`;
}

export const several = () => names.size > 1;

/** What stands beside a feature, side or change: the name of its stream, where there are several. */
export const streamOf = (one) => (several() ? names.get(one.stream) ?? one.stream : "");

/** The page shows it. */
export const isWithin = (one) => only === null || one.stream === only;

byId("stream").addEventListener("change", (event) => {
  only = event.target.value === "*" ? null : event.target.value.slice(1);
  told();
});
