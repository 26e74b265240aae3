// Curves of a job, by metric.

import { fetchJson } from "../lib/api.js";

/**
 * The series of a job over `x`, decimated by the server.
 *
 * @param {string} id
 * @param {{metrics: string[], x?: string, maxPoints?: number, range?: [number, number] | null, smoothing?: number}} view
 *   `range` is in steps, both ends included.
 * @returns {Promise<Curves>}
 */
export async function fetchCurves(id, { metrics, x = "step", maxPoints = 1500, range = null, smoothing = 0 }) {
  const query = new URLSearchParams({ x, max_points: String(maxPoints) });
  for (const metric of metrics) query.append("metric", metric);
  if (range) {
    query.set("start_step", String(range[0]));
    query.set("end_step", String(range[1]));
  }
  if (smoothing) query.set("smoothing", String(smoothing));
  const { series } = await fetchJson(`/v1/jobs/${id}/curves?${query}`);
  /** @type {Curves} */
  const found = new Map();
  for (const one of series) {
    const both = found.get(one.metric) ?? {};
    both[one.smoothing === null ? "raw" : "smooth"] ??= one;
    found.set(one.metric, both);
  }
  return found;
}

/**
 * The last value of a series that is a number, or null.
 *
 * @param {Series} [series]
 */
export const lastValue = (series) => series?.last?.value ?? null;
