// The status of a job as text: its reason, and what to do about it.

import { duration } from "./formatting.js";

/** @type {Record<string, string>} */
const KINDS = { lr_find: "LR range test", train: "Training", sweep: "Sweep of range tests", compare: "Comparison" };

/** @param {string} kind */
export const kindText = (kind) => KINDS[kind] ?? kind;

/** @type {Record<string, string>} */
const METRICS = { train_loss: "training loss", val_loss: "validation loss", val_accuracy: "validation accuracy", lr: "learning rate" };

/** @param {string} metric */
export const metricText = (metric) => METRICS[metric] ?? metric.replaceAll("_", " ");

/**
 * Seconds from one moment to another, or null if one of them has not come.
 *
 * @param {string | null} from
 * @param {string | null} to
 */
export const secondsBetween = (from, to) => (from && to ? (Date.parse(to) - Date.parse(from)) / 1000 : null);

/**
 * A number of bytes as kB or MB.
 *
 * @param {number} size
 */
export const formatBytes = (size) => (size < 1e6 ? `${Math.ceil(size / 1e3)} kB` : `${(size / 1e6).toFixed(1)} MB`);

/**
 * Why a job ended or waits, and what to do about it.
 *
 * @type {Record<string, [what: string, advice: string]>}
 */
const REASONS = {
  user_cancelled: ["it was cancelled", ""],
  worker_lost: ["its worker was lost", "The next attempt resumes from its last checkpoint."],
  out_of_memory: ["a rank ran out of memory", "Clone it with a smaller global batch size, more ranks, or bf16."],
  disk_full: ["the disk of its worker is full", "Free space there; the job continues automatically."],
  diverged: ["the loss became NaN or infinite", "Run a range test under these conditions and train with its bounds, or clone it with a lower max_lr."],
  invalid_data: ["the data cannot be used", "Correct the dataset, or clone the job with another one."],
  no_matching_worker: ["no live worker has enough slots", "Start a worker with as many slots as ranks are asked for, or ask for fewer ranks."],
  deadline_exceeded: ["its deadline passed", "Resume it, or clone it with a larger max_runtime_s or max_queue_s."],
  attempts_exhausted: ["it was lost with its worker too often", "The log says what ended it. Then resume it."],
  internal_error: ["an internal error occurred", "The log has the traceback."],
  children_failed: ["none of its jobs succeeded", "Look at the reason of each."],
  not_installed: ["its worker lacks a package or a compiler", "Install it there, then resume the job."],
  parent_failed: ["the job that it waited for gave no usable result", "Look at that job first."],
};

/**
 * What happened, and what to do about it.
 *
 * @param {string | null} reason
 */
export function reasonText(reason) {
  if (reason === null) return { what: "", advice: "" };
  const [what, advice] = REASONS[reason] ?? [reason.replaceAll("_", " "), ""];
  return { what, advice };
}

/**
 * The status of a job in a sentence.
 *
 * @param {Job} job
 */
export function statusText(job) {
  const { what } = reasonText(job.reason);
  const { step, total_steps: total, eta_s: eta } = job.progress;
  if (job.status === "queued") {
    if (job.waits_for) return "Waits for another job to end.";
    return what ? `Waits: ${what}.` : "Waits for a free slot of a worker.";
  }
  if (job.status === "running") {
    if (!total) return "Starts its ranks.";
    return `Step ${step} of ${total}${eta === null ? "" : `, about ${duration(eta)} left`}.`;
  }
  if (job.status === "cancelling") return `Stopping at step ${step}.`;
  const took = secondsBetween(job.started_at, job.finished_at);
  const after = took === null ? "" : ` after ${duration(took)}`;
  const why = what && job.reason !== "user_cancelled" ? `: ${what}` : "";
  const words = { succeeded: "Done", failed: "Failed", cancelled: "Cancelled" }[job.status];
  return `${words}${after}${why}.`;
}
