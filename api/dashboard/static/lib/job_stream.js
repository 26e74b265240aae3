// Follows the changes of a job.

import { stream } from "./stream.js";

// Only job documents are read from the stream; events are fetched when they are shown.
const AFTER_ALL = Number.MAX_SAFE_INTEGER;

/**
 * Follow a job until it has ended, with callbacks about the connection as in `stream`.
 *
 * @param {string} id
 * @param {import("./stream.js").Connection & {job: (job: Job) => void}} hear
 */
export const followJob = (id, hear) => stream(() => `/v1/jobs/${id}/events?after=${AFTER_ALL}`, { job: hear.job }, hear);
