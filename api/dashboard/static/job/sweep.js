// The part of a job's page about a sweep: its curves, and the bounds under each of its conditions.

import { draw, onResizeOrTheme } from "../charts/frame.js";
import { serverFigure } from "../charts/server_figure.js";
import { fetchJson } from "../lib/api.js";
import { byId, node, showError, within } from "../lib/dom.js";
import { number } from "../lib/formatting.js";
import { throttle } from "../lib/throttle.js";

const short = (/** @type {string} */ field) => field.slice(field.lastIndexOf(".") + 1).replaceAll("_", " ");

/**
 * Show a sweep; `update()` must be called when its job has changed.
 *
 * @param {Job} first
 */
export function sweep(first) {
  const plot = byId("sweep-plot");
  byId("sweep").hidden = false;

  const redraw = throttle(async () => {
    try {
      tell(await fetchJson(`/v1/jobs/${first.id}/table`));
      const figure = await serverFigure(first.id, plot, 0.6);
      await draw(plot, figure.data, figure.layout);
      byId("sweep-words").textContent = figure.words;
    } catch (error) {
      showError(error);
    }
  }, 1000);

  onResizeOrTheme(plot, redraw);
  return { update: redraw };
}

/** @param {SweepTable} table */
function tell({ over, cells, scaling, is_final: isFinal }) {
  const head = [...over.map(short), "status", "base_lr", "max_lr", "between", "grade", "range test"];
  within(byId("cells"), "thead").replaceChildren(node("tr", {}, ...head.map((words) => node("th", { scope: "col" }, words))));
  within(byId("cells"), "tbody").replaceChildren(...cells.map((cell) => row(cell, over)));
  byId("scaling").textContent = [...Object.entries(scaling ?? {}).map(scalingWords), isFinal ? "" : "More to come."].filter(Boolean).join(" ");
}

/**
 * @param {SweepCell} cell
 * @param {string[]} over
 */
function row({ settings, status, reason, bounds, confidence, warnings, job_id: id }, over) {
  const interval = confidence?.max_lr;
  const why = bounds || !warnings.length ? "" : warnings[0].message;
  const look = node("a", { href: `/jobs/${id}` }, "Look");
  look.setAttribute("aria-label", `Look at ${over.map((field) => `${short(field)} ${settings[field]}`).join(", ")}`);
  const cells = [
    node("span", { className: `status ${status}`, title: reason ?? "" }, status), number(bounds?.base_lr, 3), number(bounds?.max_lr, 3),
    interval ? `${number(interval.low, 3)} and ${number(interval.high, 3)}` : why || "–",
    confidence?.grade ?? "–", look,
  ];
  return node("tr", {}, ...over.map((field) => node("th", { scope: "row" }, String(settings[field]))), ...cells.map((cell) => node("td", {}, cell)));
}

/** @param {[field: string, scaling: Scaling]} entry */
function scalingWords([field, { exponent, low, high, level, reason }]) {
  const of = `max_lr over ${short(field)}`;
  if (exponent === null) return `${of}: ${reason}.`;
  return `${of} grows with the power ${number(exponent, 2)} (${Math.round(100 * level)} % between ${number(low, 2)} and ${number(high, 2)}; 1 is linear scaling, 0.5 the square root).`;
}
