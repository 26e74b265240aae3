// The collapsed parts of a job's page: downloads, attempts, children, events, spec, and the request for it.

import { snippet } from "../forms/snippets.js";
import { fetchJson, fetchSession } from "../lib/api.js";
import { copyOnClick } from "../lib/clipboard.js";
import { byId, node, within } from "../lib/dom.js";
import { duration, jobName, moment } from "../lib/formatting.js";
import { formatBytes, secondsBetween } from "../lib/job_status_text.js";
import { events } from "./events.js";
import { log } from "./log.js";

/**
 * Change a text only if it differs, so that a selection is kept.
 *
 * @param {string} id
 * @param {string} text
 */
const write = (id, text) => { if (byId(id).textContent !== text) byId(id).textContent = text; };

/**
 * Fill the details of a job; `update(job)` refreshes them.
 *
 * @param {Job} first
 */
export function details(first) {
  const [attempts, children, downloads] = [byId("attempts"), byId("children"), byId("downloads")];
  const [eventsFold, logFold] = [byId("events", HTMLDetailsElement), byId("log", HTMLDetailsElement)];
  const happened = events(first.id, eventsFold, within(eventsFold, "ol"));
  const written = log(first.id, logFold, within(logFold, "pre"));

  async function repeat() {
    const { key_required: needsKey } = await fetchSession();
    byId("curl-text").textContent = snippet("curl", first.spec, needsKey);
    byId("python-text").textContent = snippet("python", first.spec, needsKey);
  }
  copyOnClick(byId("copy-curl"), byId("curl-text"));
  copyOnClick(byId("copy-python"), byId("python-text"));
  repeat();

  within(children, "summary").addEventListener("click", () => showChildren(within(children, "ul"), first.id));
  within(downloads, "summary").addEventListener("click", () => showDownloads(within(downloads, "ul"), known));

  let known = first;
  /** @param {Job} job */
  function update(job) {
    known = job;
    write("fingerprint", job.fingerprint);
    write("spec-text", JSON.stringify(job.spec, null, 2));
    write("resolved-text", JSON.stringify(job.resolved, null, 2));
    within(attempts, "summary").textContent = `Attempts (${job.attempts.length})`;
    within(attempts, "tbody").replaceChildren(...job.attempts.map(attemptRow));
    attempts.hidden = job.attempts.length === 0;
    children.hidden = job.children.length === 0;
    happened.update();
    within(children, "summary").textContent = `Jobs that it started (${job.children.length})`;
  }

  update(first);
  return { update, again: written.again };
}

/** @param {Attempt} attempt */
function attemptRow(attempt) {
  const { number, worker, started_at: from, finished_at: to, resumed_from_step: first, last_step: last, outcome } = attempt;
  const cells = [number, worker, moment(from), to ? duration(secondsBetween(from, to)) : "runs", first ?? "the start", last ?? "–", outcome?.replaceAll("_", " ") ?? "–"];
  return node("tr", {}, ...cells.map((cell) => node("td", {}, String(cell))));
}

/**
 * @param {HTMLElement} list
 * @param {string} id
 */
async function showChildren(list, id) {
  /** @type {Job} */
  const { children } = await fetchJson(`/v1/jobs/${id}`);
  /** @type {Job[]} */
  const jobs = await Promise.all(children.map((child) => fetchJson(`/v1/jobs/${child}`)));
  list.replaceChildren(...jobs.map((job) => node("li", {}, node("a", { href: `/jobs/${job.id}` }, jobName(job)), ` ${job.kind}, ${job.status}`)));
}

/**
 * @param {HTMLElement} list
 * @param {Job} job
 */
async function showDownloads(list, job) {
  const path = `/v1/jobs/${job.id}`;
  const links = [["Picture, SVG", `${path}/plot.svg`, "svg"], ["Picture, PNG", `${path}/plot.png`, "png"], ["This job, JSON", path, "json"]];
  if (["lr_find", "train"].includes(job.kind)) links.splice(2, 0, ["Every point, CSV", `${path}/curves?format=csv`, "csv"]);
  if (job.kind === "lr_find" && job.status === "succeeded") links.push(["Bounds, JSON", `${path}/lr-bounds`, "bounds.json"]);
  if (job.kind === "sweep") links.push(["Table, JSON", `${path}/table`, "table.json"]);
  if (job.kind === "compare") links.push(["Comparison, JSON", `${path}/comparison`, "comparison.json"]);
  if (job.kind === "train" && job.status === "succeeded") {
    links.push(["Model, safetensors", `${path}/model`, "safetensors"], ["Model card, JSON", `${path}/model/card`, "card.json"]);
  }
  /** @type {{data: Checkpoint[]}} */
  const { data: checkpoints } = job.kind === "train" ? await fetchJson(`${path}/checkpoints`) : { data: [] };
  for (const one of checkpoints) {
    links.push([`Checkpoint of step ${one.step}${one.best ? " (best)" : ""}, ${formatBytes(one.size_bytes)}`, one.href, `step-${one.step}.pt`]);
  }
  list.replaceChildren(
    ...links.map(([words, href, ending]) => node("li", {}, node("a", { href, download: `${job.id}.${ending}` }, words))),
  );
}
