// A new job: a form made from the server's schemas, what its schedule does, and the same as a command.

import { copyAs } from "../forms/copy_as.js";
import { SHOWN_AT_ONCE, kindFromQuery, initialSpec, WORDS } from "../forms/defaults.js";
import { LiveValidation } from "../forms/live_validation.js";
import { trainingLength, SchedulePreview } from "../forms/schedule_preview.js";
import { fetchSchemas } from "../forms/schema.js";
import { SpecForm } from "../forms/spec_form.js";
import { fetchJson, fetchSession, Problem } from "../lib/api.js";
import { announce, byId, node, showError } from "../lib/dom.js";
import { describeConditions, jobName } from "../lib/formatting.js";

const query = new URLSearchParams(location.search);
const peakOf = (schedule) => schedule?.max_lr ?? schedule?.lr;
const sources = new Map(); // range tests that were asked about, by id: {job, bounds}

let form = null;
let page = null;
let posted = { body: null, key: null }; // the same body is posted with the same key: a second press makes no second job
let wasFrom = null;

function open(kind, spec) {
  form = new SpecForm(kind, page);
  form.write(spec);
  wasFrom = peakOf(spec.schedule)?.from_job ?? null;
  byId("fields").replaceChildren(form.element);
  byId("kinds").elements.kind.value = kind;
  byId("preview-card").hidden = kind !== "train";
  showError();
  changed();
}

/** Something was typed: the command, the preview and what hangs together follow. */
async function changed() {
  const spec = form.read();
  const from = peakOf(spec.schedule)?.from_job ?? null;
  if (from !== wasFrom) {
    wasFrom = from;
    const conditions = form.fields.get("conditions");
    if (from !== null) conditions.write(null); // they are then those of the range test
    else conditions.want();
    return changed();
  }
  showCommand(spec);
  judge.soon(form, spec);
  const source = from === null ? null : await sourceOf(from);
  byId("source").hidden = source === null;
  if (source !== null) byId("source-words").replaceChildren("Bounds and conditions of ", node("a", { href: `/jobs/${from}`, textContent: jobName(source.job) }), `: ${describeConditions(source.job.spec.conditions)}.`);
  if (spec.kind === "train" && spec.schedule) preview.show(askedOf(spec, source));
}

function askedOf(spec, source) {
  const conditions = spec.conditions ?? source?.job.spec.conditions;
  const dataset = page.datasets.find(({ id, use }) => id === conditions?.dataset?.options?.id || use.name === conditions?.dataset?.name);
  const momentum = conditions?.optimizer?.momentum ?? conditions?.optimizer?.betas?.[0] ?? 0;
  return { schedule: spec.schedule, bounds: source?.bounds, length: trainingLength(spec, conditions, dataset?.train_samples), momentum: momentum > 0 };
}

async function sourceOf(id) {
  if (!sources.has(id)) {
    const path = `/v1/jobs/${id}`;
    const [job, found] = await Promise.all([path, `${path}/lr-bounds`].map((one) => fetchJson(one).catch(() => null)));
    sources.set(id, job === null ? null : { job, bounds: found?.bounds });
  }
  return sources.get(id);
}

function keyFor(body) {
  if (body !== posted.body) posted = { body, key: Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join("-") };
  return posted.key;
}

async function submit(event) {
  event.preventDefault();
  showError();
  byId("submit").disabled = true;
  const body = form.read();
  try {
    const job = await fetchJson("/v1/jobs", { method: "POST", body, headers: { "Idempotency-Key": keyFor(JSON.stringify(body)) } });
    location.assign(`/jobs/${job.id}`);
  } catch (error) {
    byId("submit").disabled = false;
    if (!(error instanceof Problem)) return showError(error);
    judge.refused(form, error, { look: true });
    announce(`Not accepted: ${error.message}`);
  }
}

const preview = new SchedulePreview(byId("preview"), byId("preview-words"));
const judge = new LiveValidation(byId("homeless"), byId("verdict"));
let showCommand = () => {};

async function start() {
  const wanted = query.get("clone");
  const found = (kind) => fetchJson(`/v1/jobs?status=succeeded&kind=${kind}&limit=50`).then(({ data }) => data.map((job) => ({ value: job.id, label: jobName(job) })));
  const [schemas, { key_required: needsKey }, { data: datasets }, tests, like] = await Promise.all([
    fetchSchemas(), fetchSession(), fetchJson("/v1/datasets"), found("lr_find"), wanted ? fetchJson(`/v1/jobs/${wanted}`) : null,
  ]);
  const uploaded = datasets.filter(({ source }) => source === "uploaded").map(({ id, name }) => ({ value: id, label: name || id }));
  page = { schemas, datasets, first: SHOWN_AT_ONCE, words: WORDS, choices: { from_job: tests, id: uploaded } };
  showCommand = copyAs(needsKey);
  const kind = like && !query.has("kind") ? like.kind : kindFromQuery(query);
  open(kind, initialSpec(kind, query, like?.spec));
  byId("loading").hidden = true;
  byId("work").hidden = false;
}

byId("fields").addEventListener("input", changed);
byId("job").addEventListener("submit", submit);
byId("kinds").addEventListener("change", () => {
  const { kind } = Object.fromEntries(new FormData(byId("kinds")));
  const { name, seed, conditions } = form.read();
  const known = Object.entries({ name, seed, conditions }).filter(([, value]) => value !== undefined);
  open(kind, { ...initialSpec(kind, new URLSearchParams()), ...Object.fromEntries(known) });
});
start().catch((error) => {
  byId("loading").hidden = true;
  showError(error);
});
