// Initial values of a form: values that work on any machine, then those of a job, then those of the address.

const CONDITIONS = {
  model: { name: "mlp" }, dataset: { name: "digits" }, optimizer: { name: "sgd", momentum: 0.9, weight_decay: 5e-4 },
  world_size: 1, global_batch_size: 128,
};
/** @type {Record<string, Json>} */
const STARTS = {
  lr_find: { conditions: CONDITIONS },
  train: { conditions: CONDITIONS, schedule: { name: "one_cycle", max_lr: "auto" }, epochs: 10 },
  sweep: { conditions: CONDITIONS, over: { "optimizer.weight_decay": [1e-3, 1e-4, 1e-5] } },
};

/** Fields that are shown at once, by name; required ones are as well. */
export const SHOWN_AT_ONCE = new Set([
  "name", "epochs", "steps", "schedule", "conditions", "range_test", "over", "model", "dataset", "optimizer", "options", "hidden",
  "momentum", "weight_decay", "betas", "world_size", "global_batch_size", "start_lr", "end_lr", "replicas", "max_lr", "lr", "base_lr",
  "step_size_epochs", "milestones", "gamma", "pct_start", "annihilation_fraction",
]);

/**
 * Labels, if the schema has none that a user would know.
 *
 * @type {Record<string, string>}
 */
export const WORDS = {
  auto: "auto: a range test first", "from job": "the bounds of a range test", conditions: "Given here, not taken from the range test",
};

/** The kinds that a form can be made for. */
export const KINDS = Object.keys(STARTS);

/**
 * The kind of job that the address asks for; `from_job` means a training.
 *
 * @param {URLSearchParams} query
 */
export function kindFromQuery(query) {
  const kind = query.get("kind") ?? "";
  if (KINDS.includes(kind)) return kind;
  return query.has("from_job") ? "train" : "lr_find";
}

/**
 * The initial spec of a form. `like` is the spec of another job: it is copied whole if the kind is the same, otherwise
 * only its conditions. In the address, `from_job` is the range test whose bounds to use, and every other parameter is a
 * path, such as `schedule.max_lr=0.3` or `conditions.world_size=2`.
 *
 * @param {string} kind
 * @param {URLSearchParams} query
 * @param {Json} [like]
 */
export function initialSpec(kind, query, like) {
  const spec = structuredClone(STARTS[kind]);
  if (like?.kind === kind) Object.assign(spec, like);
  else if (like?.conditions) spec.conditions = like.conditions;
  for (const [path, text] of query) {
    if (!["kind", "clone", "from_job"].includes(path)) put(spec, path.split("."), parsedOrText(text));
  }
  if (kind === "train" && query.has("from_job")) {
    const peak = "lr" in spec.schedule ? "lr" : "max_lr";
    spec.schedule[peak] = { from_job: query.get("from_job") };
    spec.conditions = null;
  }
  if (kind === "train" && spec.steps) spec.epochs = "";
  return spec;
}

/**
 * @param {Json} place
 * @param {string[]} path
 * @param {Json} value
 */
function put(place, [name, ...rest], value) {
  if (name === "__proto__") return;
  if (rest.length === 0) {
    place[name] = value;
    return;
  }
  if (typeof place[name] !== "object" || place[name] === null) place[name] = {};
  put(place[name], rest, value);
}

/**
 * @param {string} text
 * @returns {Json}
 */
function parsedOrText(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
