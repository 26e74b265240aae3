// All jobs, newest first: filtered and paged by the address, kept fresh by asking what has changed.

import { JobRow } from "../job/job_row.js";
import { fetchJson } from "../lib/api.js";
import { announce, byId, showError } from "../lib/dom.js";
import { jobName } from "../lib/formatting.js";
import { poll } from "../lib/poll.js";

const EVERY_MS = 2000;
const TIMES_MS = 30_000; // how often "2 minutes ago" is told anew
const PER_PAGE = 25;
const FILTERS = ["name", "status", "kind"];

const filters = byId("filters");
const list = byId("list");
const older = byId("older");
const query = new URLSearchParams(location.search);
const rows = new Map(); // by id of the job
let again = () => {};

for (const name of FILTERS) {
  filters.elements[name].value = query.get(name) ?? "";
  filters.elements[name].addEventListener("change", () => filters.requestSubmit());
}
filters.addEventListener("submit", (event) => {
  event.preventDefault();
  const chosen = [...new FormData(filters)].filter(([, value]) => value !== "");
  location.assign(`/${chosen.length ? `?${new URLSearchParams(chosen)}` : ""}`);
});

function show({ data, next_cursor: next }) {
  const ids = new Set(data.map((job) => job.id));
  for (const [id, row] of rows) {
    if (ids.has(id)) continue;
    row.element.remove();
    rows.delete(id);
  }
  data.forEach((job, index) => place(job, index));
  showFrame(data.length, next);
}

function place(job, index) {
  const known = rows.get(job.id);
  if (known) {
    if (job.is_terminal && !known.job.is_terminal) announce(`${jobName(job)}: ${job.status}`);
    known.show(job);
  } else {
    rows.set(job.id, new JobRow(job, cancel));
  }
  const { element } = rows.get(job.id);
  if (list.children[index] !== element) list.insertBefore(element, list.children[index] ?? null);
}

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

function queryWith(name, value) {
  const changed = new URLSearchParams(query);
  if (value === null) changed.delete(name);
  else changed.set(name, value);
  return changed;
}

async function cancel(job) {
  try {
    const { status } = await fetchJson(`/v1/jobs/${job.id}/cancel`, { method: "POST" });
    announce(`${jobName(job)}: ${status}`);
    again();
  } catch (error) {
    showError(error);
  }
}

byId("newest").href = `/?${queryWith("cursor", null)}`;
const asked = queryWith("limit", PER_PAGE);
again = poll(`/v1/jobs?${asked}`, EVERY_MS, show);
setInterval(() => rows.forEach((row) => row.show(row.job)), TIMES_MS);
