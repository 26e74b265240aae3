// Plots a schedule while the user types; the server computes it as a training would.

import { axis, colour, draw, layout, onResizeOrTheme } from "../charts/frame.js";
import { fetchJson } from "../lib/api.js";
import { node } from "../lib/dom.js";
import { number } from "../lib/formatting.js";

const AFTER_MS = 250;
const STEPS_PER_EPOCH = 100; // where nothing is known of the data
const BASE_OF_AUTO = 0.1; // base_lr where a range test will find it: the shape alone is drawn

/** @typedef {{total_steps: number, steps_per_epoch: number}} Length */

/**
 * The length of a training.
 *
 * @param {Json} spec
 * @param {Conditions | null | undefined} conditions
 * @param {number | null | undefined} samples Those of its dataset, if they are known.
 * @returns {Length}
 */
export function trainingLength({ steps, epochs }, conditions, samples) {
  const batch = conditions?.global_batch_size;
  const perEpoch = samples && batch ? samples / batch : STEPS_PER_EPOCH;
  return { total_steps: Math.round(steps ?? Math.ceil(perEpoch * epochs)), steps_per_epoch: perEpoch };
}

/**
 * The schedule with numeric rates: those of the bounds, else 1, so that its shape is visible.
 *
 * @param {Json} schedule
 * @param {Bounds | null | undefined} bounds
 */
export function withNumericRates(schedule, bounds) {
  const peak = "lr" in schedule ? "lr" : "max_lr";
  if (!(peak in schedule) || typeof schedule[peak] === "number") return { schedule, isRelative: false };
  const shown = { ...schedule, [peak]: bounds?.max_lr ?? 1 };
  const needsFoot = ["triangular", "triangular2", "exp_range"].includes(schedule.name) && schedule.base_lr === undefined;
  if (needsFoot) shown.base_lr = bounds?.base_lr ?? BASE_OF_AUTO;
  return { schedule: shown, isRelative: !bounds };
}

/** @typedef {{schedule: Json, bounds?: Bounds | null, length: Length, momentum: boolean}} Asked */

export class SchedulePreview {
  /**
   * @param {HTMLElement} place Takes the chart.
   * @param {HTMLElement} words Takes what is seen, in words.
   */
  constructor(place, words) {
    this.place = place;
    this.words = words;
    /** @type {number | undefined} */
    this.timer = undefined;
    /** @type {AbortController | null} */
    this.asking = null;
    /** @type {SchedulePoints & {isRelative: boolean} | null} */
    this.found = null;
    onResizeOrTheme(place, () => this.draw());
  }

  /**
   * Draw this soon, unless another schedule must be drawn before that.
   *
   * @param {Asked} asked
   */
  show(asked) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.update(asked), AFTER_MS);
  }

  /** @param {Asked} asked */
  async update({ schedule, bounds, length, momentum }) {
    this.asking?.abort();
    this.asking = new AbortController();
    const { schedule: shown, isRelative } = withNumericRates(schedule, bounds);
    try {
      const body = { schedule: shown, ...length, momentum, max_points: 600 };
      const answer = await fetchJson("/v1/schedules:preview", { method: "POST", body, signal: this.asking.signal });
      this.found = { ...answer, isRelative };
      this.place.classList.remove("stale");
      this.draw();
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") return;
      this.place.classList.add("stale");
      this.words.replaceChildren(node("span", { className: "error", textContent: `No preview: ${error instanceof Error ? error.message : error}` }));
    }
  }

  draw() {
    if (this.found === null) return;
    const { steps, lr, momentum, isRelative, total_steps: total } = this.found;
    const name = isRelative ? "LR / max_lr" : "LR";
    /** @type {(y: number[], role: string, more: Trace) => Trace} */
    const trace = (y, role, more) => ({ x: steps, y, type: "scatter", mode: "lines", line: { color: colour(role), width: 2 }, ...more });
    const data = [trace(lr, "blue", { name, hovertemplate: "%{y:.4g}" })];
    if (momentum) data.push(trace(momentum, "orange", { name: "momentum", yaxis: "y2", hovertemplate: "%{y:.3g}" }));
    draw(this.place, data, layout({
      height: 280, showlegend: false, margin: { l: 8, r: 8, t: 8, b: 40 },
      xaxis: axis({ title: { text: "step" }, anchor: momentum ? "y2" : "y" }),
      yaxis: axis({ title: { text: name }, domain: momentum ? [0.42, 1] : [0, 1], rangemode: "tozero" }),
      ...(momentum ? { yaxis2: axis({ title: { text: "momentum" }, domain: [0, 0.32], anchor: "x" }) } : {}),
    }));
    const rates = isRelative ? "the rates come from the range test" : `LR ${number(Math.min(...lr), 3)} to ${number(Math.max(...lr), 3)}`;
    this.words.textContent = `${total.toLocaleString("en")} steps, ${rates}${momentum ? `, momentum ${number(Math.min(...momentum), 3)} to ${number(Math.max(...momentum), 3)}` : ""}.`;
  }
}
