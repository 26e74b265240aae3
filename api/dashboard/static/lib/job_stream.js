// A job as it changes.

import { stream } from "./stream.js";

// Of the stream only the job's documents are wanted: its events are asked for where they are looked at.
const AFTER_ALL = Number.MAX_SAFE_INTEGER;

/**
 * Hear of a job until it has ended, and of the connection as `stream` tells it.
 *
 * @param {string} id
 * @param {import("./stream.js").Connection & {job: (job: Job) => void}} hear
 */
export const followJob = (id, hear) => stream(() => `/v1/jobs/${id}/events?after=${AFTER_ALL}`, { job: hear.job }, hear);
