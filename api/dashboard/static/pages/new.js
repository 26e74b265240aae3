// A new job: a form from the server's schemas, a preview of its schedule, and the same request as a command.

import { copyAs } from "../forms/copy_as.js";
import { initialSpec, kindFromQuery, SHOWN_AT_ONCE, WORDS } from "../forms/defaults.js";
import { LiveValidation } from "../forms/live_validation.js";
import { SchedulePreview, trainingLength } from "../forms/schedule_preview.js";
import { fetchSchemas } from "../forms/schema.js";
import { SpecForm } from "../forms/spec_form.js";
import { fetchJson, fetchSession, Problem } from "../lib/api.js";
import { announce, byId, node, showError } from "../lib/dom.js";
import { describeConditions, jobName } from "../lib/formatting.js";

const query = new URLSearchParams(location.search);
const peakOf = (/** @type {Json} */ schedule) => schedule?.max_lr ?? schedule?.lr;
/** @typedef {{job: Job, bounds: Bounds | null}} Source */
/** @type {Map<string, Source | null>} */
const sources = new Map(); // range tests that were asked about, by id

/** @type {SpecForm} */
let form;
/** @type {FormPage} */
let page;
/** @type {{body: string | null, key: string}} */
let posted = { body: null, key: "" }; // the same body is posted with the same key: a second press makes no second job
/** @type {string | null} */
let wasFrom = null;

/**
 * @param {string} kind
 * @param {Json} spec
 */
function open(kind, spec) {
  form = new SpecForm(kind, page);
  form.write(spec);
  wasFrom = peakOf(spec.schedule)?.from_job ?? null;
  byId("fields").replaceChildren(form.element);
  byId("kinds", HTMLFormElement).kind.value = kind;
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
    if (from !== null) conditions?.write(null); // they are then those of the range test
    else conditions?.want?.();
    return changed();
  }
  showCommand(spec);
  validation.soon(form, spec);
  const source = from === null ? null : await sourceOf(from);
  byId("source").hidden = source === null;
  if (source !== null) byId("source-words").replaceChildren("Bounds and conditions of ", node("a", { href: `/jobs/${from}`, textContent: jobName(source.job) }), `: ${describeConditions(source.job.spec.conditions)}.`);
  if (spec.kind === "train" && spec.schedule) preview.show(askedOf(spec, source));
}

/**
 * @param {Json} spec
 * @param {Source | null} source
 */
function askedOf(spec, source) {
  const conditions = spec.conditions ?? source?.job.spec.conditions;
  const dataset = page.datasets.find(({ id, use }) => id === conditions?.dataset?.options?.id || use.name === conditions?.dataset?.name);
  const momentum = conditions?.optimizer?.momentum ?? conditions?.optimizer?.betas?.[0] ?? 0;
  return { schedule: spec.schedule, bounds: source?.bounds, length: trainingLength(spec, conditions, dataset?.train_samples), momentum: momentum > 0 };
}

/**
 * @param {string} id
 * @returns {Promise<Source | null>}
 */
async function sourceOf(id) {
  let source = sources.get(id);
  if (source === undefined) {
    const path = `/v1/jobs/${id}`;
    const [job, found] = await Promise.all([path, `${path}/lr-bounds`].map((one) => fetchJson(one).catch(() => null)));
    source = job === null ? null : { job, bounds: found?.bounds ?? null };
    sources.set(id, source);
  }
  return source;
}

/**
 * The idempotency key of a body: the same one until the body changes.
 *
 * @param {string} body
 */
function keyFor(body) {
  if (body !== posted.body) posted = { body, key: Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join("-") };
  return posted.key;
}

/** @param {Event} event */
async function submit(event) {
  event.preventDefault();
  showError();
  byId("submit", HTMLButtonElement).disabled = true;
  const body = form.read();
  try {
    const job = await fetchJson("/v1/jobs", { method: "POST", body, headers: { "Idempotency-Key": keyFor(JSON.stringify(body)) } });
    location.assign(`/jobs/${job.id}`);
  } catch (error) {
    byId("submit", HTMLButtonElement).disabled = false;
    if (!(error instanceof Problem)) return showError(error);
    validation.refused(form, error, { look: true });
    announce(`Not accepted: ${error.message}`);
  }
}

const preview = new SchedulePreview(byId("preview"), byId("preview-words"));
const validation = new LiveValidation(byId("homeless"), byId("verdict"));
let showCommand = (/** @type {any} */ _spec) => {};

/** @returns {Promise<Dataset[]>} */
const fetchDatasets = async () => (await fetchJson("/v1/datasets")).data;

/** Range tests whose bounds a training can take. */
async function fetchRangeTests() {
  /** @type {{data: Job[]}} */
  const { data } = await fetchJson("/v1/jobs?status=succeeded&kind=lr_find&limit=50");
  return data.map((job) => ({ value: job.id, label: jobName(job) }));
}

async function start() {
  const wanted = query.get("clone");
  const [schemas, { key_required: needsKey }, datasets, tests, like] = await Promise.all([
    fetchSchemas(), fetchSession(), fetchDatasets(), fetchRangeTests(), wanted ? fetchJson(`/v1/jobs/${wanted}`) : null,
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
  const kind = byId("kinds", HTMLFormElement).kind.value;
  const { name, seed, conditions } = form.read();
  const known = Object.entries({ name, seed, conditions }).filter(([, value]) => value !== undefined);
  open(kind, { ...initialSpec(kind, new URLSearchParams()), ...Object.fromEntries(known) });
});
start().catch((error) => {
  byId("loading").hidden = true;
  showError(error);
});
