// Numbers, times and states in words for people; the same words as the command line's.

const MINUTE_S = 60;
const HOUR_S = 3600;
const DAY_S = 86400;
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "long" });

/** A number with a few significant digits, a dash where there is none. */
export const number = (value, digits = 4) =>
  value === null || value === undefined ? "–" : String(Number(value.toPrecision(digits)));

/** A fraction as a percentage. */
export const percent = (fraction, digits = 0) => `${(100 * fraction).toFixed(digits)} %`;

/** Seconds as 4.2 s, 3:01 or 1:02:03. */
export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < MINUTE_S) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  const whole = Math.round(seconds);
  const two = (value) => String(value).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / HOUR_S), Math.floor((whole % HOUR_S) / MINUTE_S)];
  return hours ? `${hours}:${two(minutes)}:${two(whole % MINUTE_S)}` : `${minutes}:${two(whole % MINUTE_S)}`;
}

/** How long ago a moment was. */
export function ago(moment, now = Date.now()) {
  const seconds = Math.max(0, (now - Date.parse(moment)) / 1000);
  if (seconds < 10) return "just now";
  if (seconds < MINUTE_S) return relative.format(-Math.round(seconds), "second");
  if (seconds < HOUR_S) return relative.format(-Math.round(seconds / MINUTE_S), "minute");
  if (seconds < DAY_S) return relative.format(-Math.round(seconds / HOUR_S), "hour");
  return relative.format(-Math.round(seconds / DAY_S), "day");
}

/** A moment in full, in the reader's own time zone. */
export const moment = (iso) => new Date(iso).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });

/** A job by its name, or by the start of its id. */
export const jobName = (job) => job.name || `${job.kind} ${job.id.slice(-8)}`;

/** A field's name as a label: max_lr is "Max LR", max_runtime_s "Max runtime (s)". */
export function label(field) {
  const words = field.replace(/_s$/, " (s)").replaceAll("_", " ").replace(/\blr\b/g, "LR").replace(/\bema\b/, "EMA");
  return words[0].toUpperCase() + words.slice(1);
}

/** A document about model, data and ranks in a line. */
export function describeConditions(conditions) {
  if (!conditions) return "";
  const { model, dataset, optimizer, global_batch_size: batch, world_size: ranks } = conditions;
  return `${model.name} on ${dataset.name}, ${optimizer.name}, batch ${batch}, ${ranks} ${ranks === 1 ? "rank" : "ranks"}`;
}
