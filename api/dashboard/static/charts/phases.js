// The planned LR of a training, and the phases of its cycles.

import { fetchJson } from "../lib/api.js";

const MOST = 60; // more phases than this are a texture, not a message
const LEVEL = 1e-9; // relative: what changes less from point to point is level

/**
 * The LR of a training at all its steps, or null while its rates are not known.
 *
 * @param {Job} job
 * @returns {Promise<LrPlan | null>}
 */
export async function fetchPlannedLr(job) {
  const { max_lr: peak, base_lr: foot, div_factor: divisor, steps_per_epoch: perEpoch } = job.resolved;
  const total = job.progress.total_steps;
  if (!peak || !total) return null;
  const schedule = { ...job.spec.schedule };
  if ("max_lr" in schedule) schedule.max_lr = peak;
  if ("lr" in schedule) schedule.lr = peak;
  if (foot && "base_lr" in schedule) schedule.base_lr = foot;
  if (divisor && "div_factor" in schedule) schedule.div_factor = divisor;
  const body = { schedule, total_steps: total, momentum: false, ...(perEpoch ? { steps_per_epoch: perEpoch } : {}) };
  const { steps, lr } = await fetchJson("/v1/schedules:preview", { method: "POST", body });
  return { steps, lr };
}

/**
 * Ranges of steps in which the LR only rises or only falls. A fall below the first LR is the annihilation. A schedule
 * that never rises has no phases.
 *
 * @param {LrPlan} plan
 */
export function findPhases({ steps, lr }) {
  /** @type {Phase[]} */
  const found = [];
  let begun = 0;
  for (let place = 1; place <= lr.length; place += 1) {
    if (place < lr.length && (place - 1 === begun || way(lr, place) === way(lr, place - 1))) continue;
    if (place - 1 > begun) found.push(...named(steps, lr, begun, place - 1));
    begun = place - 1;
  }
  return found.some(({ name }) => name === "rise") && found.length <= MOST ? found : [];
}

/**
 * @param {number[]} lr
 * @param {number} place
 */
function way(lr, place) {
  const change = lr[place] - lr[place - 1];
  return Math.abs(change) <= LEVEL * Math.max(lr[place], lr[place - 1]) ? 0 : Math.sign(change);
}

/**
 * @param {number[]} steps
 * @param {number[]} lr
 * @param {number} from
 * @param {number} to
 * @returns {Phase[]}
 */
function named(steps, lr, from, to) {
  const goes = Math.sign(lr[to] - lr[from]);
  /** @type {(name: Phase["name"], first: number, last: number) => Phase} */
  const one = (name, first, last) => ({ name, from: steps[first], to: steps[last] });
  if (goes > 0) return [one("rise", from, to)];
  if (goes === 0) return [one("level", from, to)];
  let below = from;
  while (below < to && lr[below] >= lr[0] * (1 - 1e-6)) below += 1;
  if (below === to || from === 0) return [one("fall", from, to)];
  if (below <= from + 1) return [one("annihilation", from, to)];
  return [one("fall", from, below), one("annihilation", below, to)];
}
