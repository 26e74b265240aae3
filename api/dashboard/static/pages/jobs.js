// All jobs, newest first: filtered and paged by the address, refreshed by polling.

import { JobRow } from "../job/job_row.js";
import { fetchJson } from "../lib/api.js";
import { announce, byId, showError } from "../lib/dom.js";
import { jobName } from "../lib/formatting.js";
import { poll } from "../lib/poll.js";

const EVERY_MS = 2000;
const TIMES_MS = 30_000; // how often "2 minutes ago" is told anew
const PER_PAGE = 25;
const FILTERS = ["name", "status", "kind"];

const filters = byId("filters", HTMLFormElement);
const list = byId("list");
const older = byId("older", HTMLAnchorElement);
const query = new URLSearchParams(location.search);
/** @type {Map<string, JobRow>} */
const rows = new Map(); // by id of the job
/** @type {() => void} */
let again = () => {};

for (const name of FILTERS) {
  const field = /** @type {HTMLInputElement | HTMLSelectElement} */ (filters.elements.namedItem(name));
  field.value = query.get(name) ?? "";
  field.addEventListener("change", () => filters.requestSubmit());
}
filters.addEventListener("submit", (event) => {
  event.preventDefault();
  const chosen = [...new FormData(filters)].map(([name, value]) => [name, String(value)]).filter(([, value]) => value !== "");
  location.assign(`/${chosen.length ? `?${new URLSearchParams(chosen)}` : ""}`);
});

/** @param {{data: Job[], next_cursor: string | null}} page */
function show({ data, next_cursor: next }) {
  const ids = new Set(data.map((job) => job.id));
  for (const [id, row] of rows) {
    if (ids.has(id)) continue;
    row.element.remove();
    rows.delete(id);
  }
  for (const [index, job] of data.entries()) place(job, index);
  showFrame(data.length, next);
}

/**
 * @param {Job} job
 * @param {number} index
 */
function place(job, index) {
  const known = rows.get(job.id);
  if (known) {
    if (job.is_terminal && !known.job.is_terminal) announce(`${jobName(job)}: ${job.status}`);
    known.show(job);
  }
  const row = known ?? new JobRow(job, cancel);
  rows.set(job.id, row);
  const { element } = row;
  if (list.children[index] !== element) list.insertBefore(element, list.children[index] ?? null);
}

/**
 * @param {number} count
 * @param {string | null} next
 */
function showFrame(count, next) {
  const narrowed = [...FILTERS, "cursor"].some((name) => query.has(name));
  byId("loading").hidden = true;
  byId("list-card").hidden = count === 0;
  byId("empty").hidden = count > 0 || narrowed;
  byId("none-match").hidden = count > 0 || !narrowed;
  filters.hidden = count === 0 && !narrowed;
  byId("newest").hidden = !query.has("cursor");
  older.hidden = next === null;
  older.href = `/?${queryWith("cursor", next)}`;
}

/**
 * The query of this page with a parameter, or without it if the value is null.
 *
 * @param {string} name
 * @param {string | null} value
 */
function queryWith(name, value) {
  const changed = new URLSearchParams(query);
  if (value === null) changed.delete(name);
  else changed.set(name, value);
  return changed;
}

/** @param {Job} job */
async function cancel(job) {
  try {
    const { status } = await fetchJson(`/v1/jobs/${job.id}/cancel`, { method: "POST" });
    announce(`${jobName(job)}: ${status}`);
    again();
  } catch (error) {
    showError(error);
  }
}

byId("newest", HTMLAnchorElement).href = `/?${queryWith("cursor", null)}`;
const asked = queryWith("limit", String(PER_PAGE));
again = poll(`/v1/jobs?${asked}`, EVERY_MS, show);
setInterval(() => { for (const row of rows.values()) row.show(row.job); }, TIMES_MS);
