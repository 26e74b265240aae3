// One job: the part common to all kinds, and the part for its kind. A stream updates only what has changed.

import { comparison } from "../job/comparison.js";
import { controls } from "../job/controls.js";
import { details } from "../job/details.js";
import { rangeTest } from "../job/range_test.js";
import { sweep } from "../job/sweep.js";
import { training } from "../job/training.js";
import { fetchJson } from "../lib/api.js";
import { announce, byId, node, showError, within } from "../lib/dom.js";
import { describeConditions, jobName, number, percent } from "../lib/formatting.js";
import { kindText, reasonText, statusText } from "../lib/job_status_text.js";
import { followJob } from "../lib/job_stream.js";

/** @type {Record<string, (first: Job) => {update(job: Job): void}>} */
const PARTS = { lr_find: rangeTest, train: training, sweep, compare: comparison };
/** @type {[metric: string, label: string, text: (value: number) => string][]} */
const LATEST = [
  ["train_loss", "loss", number], ["val_loss", "validation loss", number], ["val_accuracy", "validation accuracy", (value) => percent(value, 1)],
  ["lr", "LR", (value) => number(value, 3)], ["momentum", "momentum", (value) => number(value, 3)], ["samples_per_s", "samples/s", (value) => number(value, 3)],
];

/**
 * The part for all kinds: name, status, progress, alarms.
 *
 * @param {Job} job
 */
function head(job) {
  document.title = `${jobName(job)} · ${job.status} · clr-service`;
  byId("name").textContent = jobName(job);
  byId("about").textContent = [kindText(job.kind), job.spec.schedule?.name, describeConditions(job.spec.conditions), job.id].filter(Boolean).join(" · ");
  byId("status").textContent = job.status;
  byId("status").className = `status ${job.status}`;
  byId("standing").textContent = statusText(job);
  byId("progress").hidden = job.status === "queued" && !job.progress.step;
  byId("progress").className = job.status;
  byId("progress", HTMLProgressElement).value = job.progress.fraction ?? 0;
  byId("progress").textContent = percent(job.progress.fraction ?? 0);
  const measured = LATEST.flatMap(([name, words, format]) => {
    const value = job.latest[name] ?? null;
    return value === null ? [] : [node("span", {}, `${words} `, node("b", {}, format(value)))];
  });
  byId("latest").replaceChildren(...measured);
  const { what, advice } = reasonText(job.reason);
  const isBad = job.status === "failed" || (job.status === "queued" && ["no_matching_worker", "disk_full"].includes(job.reason ?? ""));
  byId("why").hidden = !isBad;
  byId("why-what").textContent = isBad ? job.error?.message ?? `${what.charAt(0).toUpperCase()}${what.slice(1)}.` : "";
  byId("why-advice").textContent = isBad ? advice : "";
  byId("alarms").hidden = job.alarms.length === 0;
  within(byId("alarms"), "ul").replaceChildren(
    ...job.alarms.map((alarm) => node("li", {}, node("strong", {}, `${alarm.code.replaceAll("_", " ")} at step ${alarm.step}: `), `${alarm.message}. `, node("span", { className: "muted" }, alarm.advice))),
  );
  kin(job);
}

/** @param {Job} job */
function kin(job) {
  const links = [node("a", { href: "/" }, "Jobs")];
  if (job.parent) links.push(node("a", { href: `/jobs/${job.parent}` }, "the job that started it"));
  const source = job.waits_for ?? (job.kind === "train" ? job.children[0] : null) ?? job.spec.schedule?.max_lr?.from_job ?? job.spec.schedule?.lr?.from_job;
  if (source && source !== job.parent) links.push(node("a", { href: `/jobs/${source}` }, "its range test"));
  byId("kin").replaceChildren(...links.flatMap((link, place) => (place ? [" · ", link] : [link])));
}

/** @param {string} id */
async function open(id) {
  /** @type {Job} */
  const first = await fetchJson(`/v1/jobs/${id}`);
  byId("job").hidden = false;
  head(first);
  const more = details(first);
  const buttons = controls(first, () => { news.again(); more.again(); });
  const part = PARTS[first.kind]?.(first);
  let known = first;
  const news = followJob(id, {
    job(job) {
      if (job.status !== known.status) announce(`${jobName(job)}: ${job.status}. ${statusText(job)}`);
      known = job;
      for (const show of [head, more.update, buttons.update, part?.update]) show?.(job);
    },
    lost() { byId("lost").hidden = false; },
    back() {
      byId("lost").hidden = true;
      showError(); // of what was asked for meanwhile
    },
    gone: showError,
  });
  part?.update(first);
}

open(location.pathname.split("/")[2]).catch((error) => {
  showError(error);
  if (error.status === 404) byId("trouble").append(node("p", {}, node("a", { href: "/" }, "All jobs")));
});
