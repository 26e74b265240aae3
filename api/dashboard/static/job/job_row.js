// One job in a list. Its nodes are created once and changed only if a value differs, so nothing flickers.

import { fetchJson, fetchSession } from "../lib/api.js";
import { confirmOnClick } from "../lib/confirm_button.js";
import { node } from "../lib/dom.js";
import { ago, describeConditions, duration, jobName, moment, number, percent } from "../lib/formatting.js";
import { secondsBetween } from "../lib/job_status_text.js";

/** @type {[metric: string, text: (value: number) => string][]} */
const MEASURES = [
  ["val_accuracy", (value) => `accuracy ${percent(value, 1)}`],
  ["val_r2", (value) => `R² ${number(value, 3)}`],
  ["val_loss", (value) => `val loss ${number(value, 3)}`],
  ["train_loss", (value) => `loss ${number(value, 3)}`],
];

/** An `element` for a list, and `show(job)`. */
export class JobRow {
  /**
   * @param {Job} job
   * @param {(job: Job) => Promise<void>} cancel Called if a user asks for it and confirms.
   */
  constructor(job, cancel) {
    this.job = job;
    this.mayCancel = false;
    /** @type {Promise<string> | null} */
    this.bounds = null;
    this.link = node("a", { href: `/jobs/${job.id}` });
    this.about = node("span", { className: "about" });
    this.status = node("span");
    this.bar = node("progress", { max: 1 });
    this.done = node("span", { className: "done" });
    this.latest = node("span", { className: "latest" });
    this.created = node("time", { dateTime: job.created_at, title: moment(job.created_at) });
    this.button = node("button", { type: "button", className: "quiet", textContent: "Cancel", hidden: true });
    confirmOnClick(this.button, "Cancel it?", () => cancel(this.job));
    this.element = node("li", { className: "job" },
      node("div", { className: "job-name" }, this.link, this.about),
      node("div", { className: "job-status" }, this.status),
      node("div", { className: "job-progress" }, this.bar, this.done),
      this.latest, this.created, node("div", { className: "job-action" }, this.button));
    this.show(job);
    fetchSession().then(({ scope }) => { this.mayCancel = scope !== "read"; this.show(this.job); }, () => {});
  }

  /** @param {Job} job */
  show(job) {
    this.job = job;
    const name = jobName(job);
    text(this.link, name);
    text(this.about, aboutOf(job));
    text(this.status, job.status);
    this.status.className = `status ${job.status}`;
    this.bar.value = job.progress.fraction ?? 0;
    this.bar.hidden = job.status === "queued";
    this.bar.className = job.status;
    this.bar.setAttribute("aria-label", `Progress of ${name}`);
    text(this.done, doneOf(job));
    this.showLatest(job);
    text(this.created, ago(job.created_at));
    this.button.hidden = job.is_terminal || !this.mayCancel;
    this.button.setAttribute("aria-label", `Cancel ${name}`);
  }

  /**
   * The last measurements; for a range test that has succeeded, its bounds, which are fetched once.
   *
   * @param {Job} job
   */
  async showLatest(job) {
    if (job.kind !== "lr_find" || !job.is_terminal) text(this.latest, latestOf(job));
    else if (job.status !== "succeeded") text(this.latest, "");
    else {
      this.bounds ??= fetchJson(`/v1/jobs/${job.id}/lr-bounds`).then(boundsText, () => "");
      text(this.latest, await this.bounds);
    }
  }
}

/** @param {LrBounds} document_ */
const boundsText = ({ bounds }) => (bounds ? `LR ${number(bounds.base_lr, 2)} – ${number(bounds.max_lr, 2)}` : "no bounds");

/**
 * @param {HTMLElement} element
 * @param {string} words
 */
function text(element, words) {
  if (element.textContent !== words) element.textContent = words;
}

/** @param {Job} job */
function aboutOf(job) {
  const { conditions, schedule } = job.spec;
  const schedules = schedule ? `, ${schedule.name}` : "";
  return [`${job.kind}${schedules}`, describeConditions(conditions), job.parent ? "part of another job" : ""].filter(Boolean).join(" · ");
}

/** @param {Job} job */
function doneOf(job) {
  const reason = job.reason && job.reason !== "user_cancelled" ? job.reason.replaceAll("_", " ") : "";
  if (job.status === "queued") return reason || (job.waits_for ? "waits for another job" : "waits for a slot");
  const { fraction, eta_s: eta } = job.progress;
  const share = fraction === null ? "" : percent(fraction);
  const seconds = secondsBetween(job.started_at, job.finished_at);
  const took = job.is_terminal && seconds !== null ? ` in ${duration(seconds)}` : "";
  const left = eta === null || job.is_terminal ? "" : `${duration(eta)} left`;
  return [reason, `${share}${took}`, left].filter(Boolean).join(" · ");
}

/** @param {Job} job */
function latestOf(job) {
  for (const [metric, text] of MEASURES) {
    const value = job.latest[metric] ?? null;
    if (value !== null) return text(value);
  }
  return "";
}
