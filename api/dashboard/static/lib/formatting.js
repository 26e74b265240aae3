// Numbers, times and states as text; the same text as in the command line.

const MINUTE_S = 60;
const HOUR_S = 3600;
const DAY_S = 86400;
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "long" });

/**
 * A number with a few significant digits, or a dash if there is none.
 *
 * @param {number | null} [value]
 */
export const number = (value, digits = 4) =>
  value === null || value === undefined ? "–" : String(Number(value.toPrecision(digits)));

/**
 * A fraction as a percentage.
 *
 * @param {number} fraction
 */
export const percent = (fraction, digits = 0) => `${(100 * fraction).toFixed(digits)} %`;

/**
 * Seconds as 4.2 s, 3:01 or 1:02:03, or a dash if there are none.
 *
 * @param {number | null} [seconds]
 */
export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < MINUTE_S) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  const whole = Math.round(seconds);
  const two = (/** @type {number} */ value) => String(value).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / HOUR_S), Math.floor((whole % HOUR_S) / MINUTE_S)];
  return hours ? `${hours}:${two(minutes)}:${two(whole % MINUTE_S)}` : `${minutes}:${two(whole % MINUTE_S)}`;
}

/**
 * How long ago a moment was, or a dash if it has not come.
 *
 * @param {string | null} iso
 */
export function ago(iso, now = Date.now()) {
  if (iso === null) return "–";
  const seconds = Math.max(0, (now - Date.parse(iso)) / 1000);
  if (seconds < 10) return "just now";
  if (seconds < MINUTE_S) return relative.format(-Math.round(seconds), "second");
  if (seconds < HOUR_S) return relative.format(-Math.round(seconds / MINUTE_S), "minute");
  if (seconds < DAY_S) return relative.format(-Math.round(seconds / HOUR_S), "hour");
  return relative.format(-Math.round(seconds / DAY_S), "day");
}

/**
 * A moment in full, in the reader's own time zone, or a dash if it has not come.
 *
 * @param {string | null} iso
 */
export const moment = (iso) => iso === null ? "–" : new Date(iso).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });

/**
 * A job by its name, or by its kind and the end of its id.
 *
 * @param {Pick<Job, "name" | "kind" | "id">} job
 */
export const jobName = (job) => job.name || `${job.kind} ${job.id.slice(-8)}`;

/**
 * A field's name as a label: max_lr is "Max LR", max_runtime_s "Max runtime (s)".
 *
 * @param {string} field
 */
export function label(field) {
  const words = field.replace(/_s$/, " (s)").replaceAll("_", " ").replace(/\blr\b/g, "LR").replace(/\bema\b/, "EMA");
  return words[0].toUpperCase() + words.slice(1);
}

/**
 * Model, dataset, optimizer, batch and ranks in one line.
 *
 * @param {Conditions | null} [conditions]
 */
export function describeConditions(conditions) {
  if (!conditions) return "";
  const { model, dataset, optimizer, global_batch_size: batch, world_size: ranks } = conditions;
  return `${model.name} on ${dataset.name}, ${optimizer.name}, batch ${batch}, ${ranks} ${ranks === 1 ? "rank" : "ranks"}`;
}
