// The figure of a training: losses, accuracy, LR and momentum over the same x.

import { number } from "../lib/formatting.js";
import { metricText } from "../lib/job_status_text.js";
import { axis, colour, translucent, layout } from "./frame.js";

const GAP = 0.035;

/** @type {Record<Phase["name"], [role: string, opacity: number]>} */
const SHADES = { rise: ["green", 0.1], fall: ["blue", 0.09], annihilation: ["purple", 0.14], level: ["muted", 0.05] };

/**
 * A training, and the view of it. `asX` turns a step into an x value.
 *
 * @typedef {{
 *   found: Curves, revision: number, plan: LrPlan | null, shades: Phase[], job: Pick<Job, "alarms" | "attempts">,
 *   asX: (step: number) => number, xWords: string, limits: number[] | null, isLog: boolean, isNarrow: boolean,
 * }} TrainingView
 */

/**
 * The figure of a training for Plotly.
 *
 * @param {TrainingView} seen
 */
export function trainFigure(seen) {
  const rows = rowsOf(seen);
  const shown = layout({ height: seen.isNarrow ? 620 : 720, uirevision: seen.revision, shapes: [], annotations: [] });
  const room = (1 - GAP * (rows.length - 1)) / rows.reduce((sum, row) => sum + row.weight, 0);
  /** @type {Trace[]} */
  const data = [];
  let top = 1;
  rows.forEach((row, index) => {
    const suffix = index ? String(index + 1) : "";
    const bottom = Math.max(0, top - room * row.weight);
    shown[`yaxis${suffix}`] = axis({ domain: [bottom, top], title: { text: row.title, standoff: 4 }, fixedrange: true, nticks: 5, ...row.axis });
    for (const trace of row.traces) data.push({ xaxis: "x", yaxis: `y${suffix}`, type: "scatter", ...trace });
    top = bottom - GAP;
  });
  const last = rows.length > 1 ? String(rows.length) : "";
  shown.xaxis = axis({ anchor: `y${last}`, title: { text: seen.xWords }, ...(seen.limits ? { range: seen.limits } : { autorange: true }) });
  shown.shapes.push(...shadesOf(seen));
  addMarks(seen, shown);
  return { data, shown, rows };
}

/** @param {TrainingView} seen */
function rowsOf({ found, plan, asX, isLog }) {
  /** @type {{title: string, weight: number, traces: Trace[], axis: object}[]} */
  const rows = [{ title: "loss", weight: 3, traces: losses(found), axis: isLog ? { type: "log" } : { rangemode: "tozero", ...lossLimits(found) } }];
  const accuracy = found.get("val_accuracy")?.raw;
  if (accuracy) rows.push({ title: "accuracy", weight: 1.5, traces: [line(accuracy, "green", { name: metricText("val_accuracy"), mode: "lines+markers", marker: { size: 5 } })], axis: { rangemode: "tozero", tickformat: ".0%" } });
  rows.push({ title: "LR", weight: 1.3, traces: rates(found.get("lr")?.raw, plan, asX), axis: { rangemode: "tozero" } });
  const momentum = found.get("momentum")?.raw;
  if (momentum) rows.push({ title: "momentum", weight: 1, traces: [line(momentum, "purple", { name: "momentum" })], axis: {} });
  return rows;
}

/**
 * @param {Series} series
 * @param {string} role
 * @returns {Trace}
 */
const line = (series, role, more = {}) => ({
  x: series.x, y: series.y, mode: "lines", line: { color: colour(role), width: 2 }, connectgaps: false, showlegend: false, ...more,
});

/** @param {Curves} found */
function losses(found) {
  const train = found.get("train_loss") ?? {};
  const val = found.get("val_loss")?.raw;
  const traces = [];
  if (train.smooth && train.raw) traces.push(line(train.raw, "blue", { name: "each step", opacity: 0.35, line: { color: colour("blue"), width: 1 }, showlegend: true, hoverinfo: "skip" }));
  if (train.raw) traces.push(line(train.smooth ?? train.raw, "blue", { name: metricText("train_loss"), showlegend: true }));
  if (val) traces.push(line(val, "orange", { name: metricText("val_loss"), mode: "lines+markers", marker: { size: 5 }, showlegend: true }));
  return [...traces, ...nonfiniteMarks(train.raw), ...gap(val, found.get("generalisation_gap")?.raw)];
}

/**
 * Limits for the loss: a spike above three times the first losses is cut off, since it would flatten the rest of the
 * curve.
 *
 * @param {Curves} found
 */
function lossLimits(found) {
  const values = numbersOf(found.get("train_loss")?.raw);
  const first = Math.max(...values.slice(0, Math.max(3, values.length / 20)));
  return Math.max(...values) > 3 * first && first > 0 ? { range: [0, 3 * first] } : {};
}

/**
 * The values of a series that are numbers.
 *
 * @param {Series} [series]
 */
const numbersOf = (series) => (series?.y ?? []).filter((value) => value !== null);

/**
 * A cross at the lowest loss for each step where the training loss was not finite.
 *
 * @param {Series} [train]
 */
function nonfiniteMarks(train) {
  const low = Math.min(...numbersOf(train));
  if (!train?.nonfinite.length || !Number.isFinite(low)) return [];
  const x = train.x.filter((_, place) => train.y[place] === null);
  return [{ x, y: x.map(() => low), mode: "markers", marker: { symbol: "x", size: 8, color: colour("red") }, name: "not a finite number", showlegend: true }];
}

/**
 * The gap between validation loss and the training loss of the same steps, if there is one at the end.
 *
 * @param {Series} [val]
 * @param {Series} [difference]
 * @returns {Trace[]}
 */
function gap(val, difference) {
  const last = difference?.last?.value ?? 0;
  if (!val || !difference || last <= 0) return [];
  const of = new Map(difference.x.map((x, place) => [x, difference.y[place]]));
  const both = val.x.flatMap((x, place) => {
    const [high, by] = [val.y[place], of.get(x) ?? null];
    return high === null || by === null ? [] : [{ x, high, low: high - Math.max(by, 0) }];
  });
  const back = [...both].reverse();
  return [{
    x: [...both, ...back].map(({ x }) => x), y: [...both.map(({ high }) => high), ...back.map(({ low }) => low)],
    fill: "toself", fillcolor: translucent("orange", 0.16), mode: "none", hoverinfo: "skip", name: `generalisation gap (last ${number(last, 3)})`, showlegend: true,
  }];
}

/**
 * @param {Series | undefined} lr
 * @param {LrPlan | null} plan
 * @param {(step: number) => number} asX
 */
function rates(lr, plan, asX) {
  const traces = [];
  if (plan) traces.push({ x: plan.steps.map(asX), y: plan.lr, mode: "lines", line: { color: colour("muted"), width: 1.5, dash: "dot" }, name: "planned LR", showlegend: false, hoverinfo: "skip" });
  if (lr) traces.push(line(lr, "ink", { name: "LR" }));
  return traces;
}

/** @param {TrainingView} seen */
function shadesOf({ shades, asX }) {
  return shades.map(({ name, from, to }) => ({
    type: "rect", layer: "below", xref: "x", yref: "paper", x0: asX(from), x1: asX(to), y0: 0, y1: 1, line: { width: 0 }, fillcolor: translucent(...SHADES[name]), name,
  }));
}

/**
 * Names of the phases, alarms and resumes, each with a line at its step.
 *
 * @param {TrainingView} seen
 * @param {Layout} shown
 */
function addMarks({ shades, job, asX, xWords, isNarrow }, shown) {
  const cycles = shades.length > 6 ? [] : shades;
  for (const { name, from, to } of cycles) {
    shown.annotations.push({ text: name, x: (asX(from) + asX(to)) / 2, xref: "x", y: 0, yref: "paper", yanchor: "bottom", showarrow: false, textangle: name === "annihilation" && isNarrow ? -90 : 0, font: { size: 11, color: colour("muted") } });
  }
  if (xWords.startsWith("seconds")) return;
  const marks = [
    ...job.alarms.map(({ code, step }) => ({ step, text: code.replaceAll("_", " "), role: "red" })),
    ...job.attempts.map((one) => ({ step: one.resumed_from_step, text: `attempt ${one.number}`, role: "sky" })),
  ].flatMap(({ step, ...mark }) => (step === null ? [] : [{ x: asX(step), ...mark }]));
  marks.forEach(({ x, text, role }, place) => {
    shown.shapes.push({ type: "line", xref: "x", yref: "paper", x0: x, x1: x, y0: 0, y1: 1, line: { color: colour(role), width: 1.5, dash: "dash" } });
    shown.annotations.push({ text, x, xref: "x", y: 1, yref: "paper", yanchor: "top", yshift: -14 * (place % 4), xanchor: "left", xshift: 3, showarrow: false, font: { size: 11, color: colour(role) }, bgcolor: colour("paper") });
  });
}
