// The folded parts of a job's page: downloads, attempts, children, events, spec, and how to ask for it again.

import { snippet } from "../forms/snippets.js";
import { fetchJson, fetchSession } from "../lib/api.js";
import { byId, node } from "../lib/dom.js";
import { copyOnClick } from "../lib/clipboard.js";
import { duration, moment, jobName } from "../lib/formatting.js";
import { secondsBetween, formatBytes } from "../lib/job_status_text.js";
import { events } from "./events.js";
import { log } from "./log.js";

/** What is marked with the mouse stays marked as long as the text is the same. */
const write = (id, text) => { if (byId(id).textContent !== text) byId(id).textContent = text; };
const within = (id, selector) => byId(id).querySelector(selector);

/** Fill the details of a job; `update(job)` keeps them fresh. */
export function details(first) {
  const happened = events(first.id, byId("events"), within("events", "ol"));
  const written = log(first.id, byId("log"), within("log", "pre"));
  const path = `/v1/jobs/${first.id}`;

  async function repeat() {
    const { key_required: needsKey } = await fetchSession();
    byId("curl-text").textContent = snippet("curl", "/v1/jobs", first.spec, needsKey);
    byId("python-text").textContent = snippet("python", "/v1/jobs", first.spec, needsKey);
  }
  copyOnClick(byId("copy-curl"), byId("curl-text"));
  copyOnClick(byId("copy-python"), byId("python-text"));
  repeat();

  within("children", "summary").addEventListener("click", () => showChildren(within("children", "ul"), first.id));
  within("downloads", "summary").addEventListener("click", () => showDownloads(known, path));

  let known = first;
  function update(job) {
    known = job;
    write("fingerprint", job.fingerprint);
    write("spec-text", JSON.stringify(job.spec, null, 2));
    write("resolved-text", JSON.stringify(job.resolved, null, 2));
    within("attempts", "summary").textContent = `Attempts (${job.attempts.length})`;
    within("attempts", "tbody").replaceChildren(...job.attempts.map(attemptRow));
    byId("attempts").hidden = job.attempts.length === 0;
    byId("children").hidden = job.children.length === 0;
    happened.update();
    within("children", "summary").textContent = `Jobs that it started (${job.children.length})`;
  }

  update(first);
  return { update, again: written.again };
}

function attemptRow(attempt) {
  const { number, worker, started_at: from, finished_at: to, resumed_from_step: first, last_step: last, outcome } = attempt;
  const cells = [number, worker, moment(from), to ? duration(secondsBetween(from, to)) : "runs", first ?? "the start", last ?? "–", outcome?.replaceAll("_", " ") ?? "–"];
  return node("tr", {}, ...cells.map((cell) => node("td", {}, String(cell))));
}

async function showChildren(list, id) {
  const { children } = await fetchJson(`/v1/jobs/${id}`);
  const jobs = await Promise.all(children.map((child) => fetchJson(`/v1/jobs/${child}`)));
  list.replaceChildren(...jobs.map((job) => node("li", {}, node("a", { href: `/jobs/${job.id}` }, jobName(job)), ` ${job.kind}, ${job.status}`)));
}

async function showDownloads(job, path) {
  const links = [["Picture, SVG", `${path}/plot.svg`, "svg"], ["Picture, PNG", `${path}/plot.png`, "png"], ["This job, JSON", path, "json"]];
  if (["lr_find", "train"].includes(job.kind)) links.splice(2, 0, ["Every point, CSV", `${path}/curves?format=csv`, "csv"]);
  if (job.kind === "lr_find" && job.status === "succeeded") links.push(["Bounds, JSON", `${path}/lr-bounds`, "bounds.json"]);
  if (job.kind === "sweep") links.push(["Table, JSON", `${path}/table`, "table.json"]);
  if (job.kind === "compare") links.push(["Comparison, JSON", `${path}/comparison`, "comparison.json"]);
  if (job.kind === "train" && job.status === "succeeded") {
    links.push(["Model, safetensors", `${path}/model`, "safetensors"], ["Model card, JSON", `${path}/model/card`, "card.json"]);
  }
  const { data: checkpoints } = job.kind === "train" ? await fetchJson(`${path}/checkpoints`) : { data: [] };
  for (const one of checkpoints) {
    links.push([`Checkpoint of step ${one.step}${one.best ? " (best)" : ""}, ${formatBytes(one.size_bytes)}`, one.href, `step-${one.step}.pt`]);
  }
  within("downloads", "ul").replaceChildren(
    ...links.map(([words, href, ending]) => node("li", {}, node("a", { href, download: `${job.id}.${ending}` }, words))),
  );
}
