// The figure of several trainings: accuracy, losses and LR over the same x, with one colour for each training.

import { axis, colour, layout } from "./frame.js";

export const ROLES = ["blue", "orange", "green", "purple", "red", "sky"];
const DASHES = ["solid", "dash", "dot"];

/** @type {[title: string, metric: string, weight: number, axis: object][]} */
const ROWS = [
  ["accuracy", "val_accuracy", 2, { rangemode: "tozero", tickformat: ".0%" }],
  ["validation loss", "val_loss", 1.6, { rangemode: "tozero" }],
  ["training loss", "train_loss", 1.6, { rangemode: "tozero" }],
  ["LR", "lr", 1.2, { rangemode: "tozero" }],
];
const GAP = 0.04;

/** @typedef {{name: string, found: Curves}} Arm */

/**
 * The figure of several trainings for Plotly.
 *
 * @param {Arm[]} arms
 * @param {{xWords: string, isLog: boolean, target: number | null, isNarrow: boolean}} view `target` is an accuracy.
 */
export function compareFigure(arms, { xWords, isLog, target, isNarrow }) {
  const rows = ROWS.filter(([, metric]) => arms.some(({ found }) => found.has(metric)));
  const shown = layout({ height: isNarrow ? 700 : 760, hovermode: "closest", uirevision: xWords, shapes: [] });
  const room = (1 - GAP * (rows.length - 1)) / rows.reduce((sum, [, , weight]) => sum + weight, 0);
  /** @type {Trace[]} */
  const data = [];
  let top = 1;
  rows.forEach(([title, metric, weight, more], index) => {
    const suffix = index ? String(index + 1) : "";
    shown[`yaxis${suffix}`] = axis({ domain: [Math.max(0, top - room * weight), top], title: { text: title, standoff: 4 }, nticks: 5, ...more });
    data.push(...arms.flatMap((arm, place) => lines(arm, place, metric, suffix, index === 0)));
    top -= room * weight + GAP;
  });
  shown.xaxis = axis({ anchor: `y${rows.length > 1 ? rows.length : ""}`, title: { text: xWords }, type: isLog ? "log" : "linear" });
  if (target !== null && rows[0]?.[1] === "val_accuracy") {
    shown.shapes.push({ type: "line", xref: "paper", x0: 0, x1: 1, yref: "y", y0: target, y1: target, line: { color: colour("muted"), width: 1.5, dash: "dot" } });
  }
  return { data, shown };
}

/**
 * @param {Arm} arm
 * @param {number} place
 * @param {string} metric
 * @param {string} suffix
 * @param {boolean} isFirst
 * @returns {Trace[]}
 */
function lines({ name, found }, place, metric, suffix, isFirst) {
  const series = found.get(metric)?.smooth ?? found.get(metric)?.raw;
  if (!series) return [];
  const line = { color: colour(ROLES[place % ROLES.length]), width: 2, dash: DASHES[Math.floor(place / ROLES.length) % DASHES.length] };
  const mode = metric.startsWith("val_") && series.x.length < 60 ? "lines+markers" : "lines";
  return [{ type: "scatter", xaxis: "x", yaxis: `y${suffix}`, x: series.x, y: series.y, mode, marker: { size: 5 }, line, name, legendgroup: String(place), showlegend: isFirst }];
}
