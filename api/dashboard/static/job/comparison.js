// The part of a job's page about a comparison: its arms overlaid, and the result of each.

import { draw, onResizeOrTheme } from "../charts/frame.js";
import { serverFigure } from "../charts/server_figure.js";
import { fetchJson } from "../lib/api.js";
import { byId, node, showError, within } from "../lib/dom.js";
import { duration, number, percent } from "../lib/formatting.js";
import { metricText } from "../lib/job_status_text.js";
import { throttle } from "../lib/throttle.js";

const HEAD = ["Arm", "Budget", "Final", "Steps to target", "Seconds to target", "Updates, times fewer", "Runs"];

/**
 * Show a comparison; `update()` is called whenever its job has changed.
 *
 * @param {Job} first
 */
export function comparison(first) {
  const plot = byId("compare-plot");
  byId("compare").hidden = false;

  const redraw = throttle(async () => {
    try {
      tell(await fetchJson(`/v1/jobs/${first.id}/comparison`));
      const figure = await serverFigure(first.id, plot, 0.6);
      await draw(plot, figure.data, figure.layout);
      byId("compare-words").textContent = figure.words;
    } catch (error) {
      showError(error);
    }
  }, 1000);

  onResizeOrTheme(plot, redraw);
  return { update: redraw };
}

/** @param {Comparison} document_ */
function tell(document_) {
  const { target, reference, arms, is_final: isFinal } = document_;
  const aim = target.value === null ? `where ${target.final_of} ends with the same seed` : format(target.metric, target.value);
  byId("compare-target").textContent = `Target: ${metricText(target.metric)} of ${aim}. Updates are compared with those of ${reference}.${isFinal ? "" : " More to come."}`;
  within(byId("arms"), "thead").replaceChildren(node("tr", {}, ...HEAD.map((words) => node("th", { scope: "col" }, words))));
  within(byId("arms"), "tbody").replaceChildren(...arms.map((arm) => row(arm, target.metric, reference)));
  byId("seconds-are").textContent = document_.seconds_are;
}

/**
 * @param {ArmResult} arm
 * @param {string} metric
 * @param {string} reference
 */
function row(arm, metric, reference) {
  const budget = arm.steps === null ? `${number(arm.epochs)} epochs` : `${arm.steps} steps`;
  const runs = arm.runs.flatMap((run) => [" ", node("a", { href: `/jobs/${run.job_id}`, title: run.status }, `seed ${run.seed}`)]);
  const cells = [
    budget, spread(arm.final[metric], (value) => format(metric, value)), spread(arm.steps_to_target, (value) => number(value)),
    spread(arm.seconds_to_target, duration), arm.name === reference ? "the reference" : spread(arm.update_ratio, (value) => `${number(value, 3)}×`),
    node("span", {}, ...runs),
  ];
  const name = node("th", { scope: "row" }, arm.name, node("span", { className: "muted" }, arm.is_added ? " added" : ""));
  return node("tr", {}, name, ...cells.map((cell) => node("td", {}, cell)));
}

/**
 * @param {string} metric
 * @param {number} value
 */
const format = (metric, value) => (metric === "val_accuracy" ? percent(value, 1) : number(value, 3));

/**
 * A median with its range over runs, or a dash if there is none.
 *
 * @param {Spread | undefined} found
 * @param {(value: number) => string} words
 */
function spread(found, words) {
  if (!found || found.median === null) return "–";
  const range = found.known > 1 && found.low !== null && found.high !== null ? ` (${words(found.low)} to ${words(found.high)})` : "";
  return `${words(found.median)}${range}`;
}
