// A new job: a form made from the server's schemas, what its schedule does, and the same as a command.

import { copyAs } from "../forms/copy_as.js";
import { FIRST, kindIn, startOf, WORDS } from "../forms/defaults.js";
import { Judge } from "../forms/live_validation.js";
import { lengthOf, Preview } from "../forms/schedule_preview.js";
import { openSchemas } from "../forms/schema.js";
import { SpecForm } from "../forms/spec_form.js";
import { ask, node, Problem, say, trouble, whoAsks } from "../lib/api.js";
import { conditionsInWords, nameOf } from "../lib/formatting.js";

const at = (id) => document.getElementById(id);
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
  at("fields").replaceChildren(form.element);
  at("kinds").elements.kind.value = kind;
  at("preview-card").hidden = kind !== "train";
  trouble();
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
  at("source").hidden = source === null;
  if (source !== null) at("source-words").replaceChildren("Bounds and conditions of ", node("a", { href: `/jobs/${from}`, textContent: nameOf(source.job) }), `: ${conditionsInWords(source.job.spec.conditions)}.`);
  if (spec.kind === "train" && spec.schedule) preview.show(askedOf(spec, source));
}

function askedOf(spec, source) {
  const conditions = spec.conditions ?? source?.job.spec.conditions;
  const dataset = page.datasets.find(({ id, use }) => id === conditions?.dataset?.options?.id || use.name === conditions?.dataset?.name);
  const momentum = conditions?.optimizer?.momentum ?? conditions?.optimizer?.betas?.[0] ?? 0;
  return { schedule: spec.schedule, bounds: source?.bounds, length: lengthOf(spec, conditions, dataset?.train_samples), momentum: momentum > 0 };
}

async function sourceOf(id) {
  if (!sources.has(id)) {
    const path = `/v1/jobs/${id}`;
    const [job, found] = await Promise.all([path, `${path}/lr-bounds`].map((one) => ask(one).catch(() => null)));
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
  trouble();
  at("submit").disabled = true;
  const body = form.read();
  try {
    const job = await ask("/v1/jobs", { method: "POST", body, headers: { "Idempotency-Key": keyFor(JSON.stringify(body)) } });
    location.assign(`/jobs/${job.id}`);
  } catch (error) {
    at("submit").disabled = false;
    if (!(error instanceof Problem)) return trouble(error);
    judge.refused(form, error, { look: true });
    say(`Not accepted: ${error.message}`);
  }
}

const preview = new Preview(at("preview"), at("preview-words"));
const judge = new Judge(at("homeless"), at("verdict"));
let showCommand = () => {};

async function start() {
  const wanted = query.get("clone");
  const found = (kind) => ask(`/v1/jobs?status=succeeded&kind=${kind}&limit=50`).then(({ data }) => data.map((job) => ({ value: job.id, label: nameOf(job) })));
  const [schemas, { key_required: needsKey }, { data: datasets }, tests, like] = await Promise.all([
    openSchemas(), whoAsks(), ask("/v1/datasets"), found("lr_find"), wanted ? ask(`/v1/jobs/${wanted}`) : null,
  ]);
  const uploaded = datasets.filter(({ source }) => source === "uploaded").map(({ id, name }) => ({ value: id, label: name || id }));
  page = { schemas, datasets, first: FIRST, words: WORDS, choices: { from_job: tests, id: uploaded } };
  showCommand = copyAs(needsKey);
  const kind = like && !query.has("kind") ? like.kind : kindIn(query);
  open(kind, startOf(kind, query, like?.spec));
  at("loading").hidden = true;
  at("work").hidden = false;
}

at("fields").addEventListener("input", changed);
at("job").addEventListener("submit", submit);
at("kinds").addEventListener("change", () => {
  const { kind } = Object.fromEntries(new FormData(at("kinds")));
  const { name, seed, conditions } = form.read();
  const known = Object.entries({ name, seed, conditions }).filter(([, value]) => value !== undefined);
  open(kind, { ...startOf(kind, new URLSearchParams()), ...Object.fromEntries(known) });
});
start().catch((error) => {
  at("loading").hidden = true;
  trouble(error);
});
