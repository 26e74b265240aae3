import assert from "node:assert/strict";
import { test } from "node:test";

import { initialSpec, kindFromQuery } from "../../../../../api/dashboard/static/forms/defaults.js";

const query = (text) => new URLSearchParams(text);

test("the kind comes from the address; a range test's id alone means a training", () => {
  assert.equal(kindFromQuery(query("kind=sweep")), "sweep");
  assert.equal(kindFromQuery(query("kind=nothing")), "lr_find");
  assert.equal(kindFromQuery(query("from_job=job_1")), "train");
});

test("values of the address are set by their paths", () => {
  const spec = initialSpec("train", query("schedule.max_lr=0.3&conditions.world_size=2&name=tall"));
  assert.equal(spec.schedule.max_lr, 0.3);
  assert.equal(spec.conditions.world_size, 2);
  assert.equal(spec.name, "tall");
  assert.equal(initialSpec("train", query("")).conditions.world_size, 1);
});

test("a path cannot reach the prototype of objects", () => {
  initialSpec("train", query("__proto__.polluted=1"));
  assert.equal({}.polluted, undefined);
});

test("a job of the same kind is taken whole, another one gives its conditions", () => {
  const like = { kind: "lr_find", conditions: { world_size: 4 }, range_test: { steps: 7 } };
  assert.deepEqual(initialSpec("lr_find", query(""), like).range_test, { steps: 7 });
  const spec = initialSpec("train", query(""), like);
  assert.equal(spec.conditions.world_size, 4);
  assert.equal(spec.range_test, undefined);
});

test("a training from a range test takes rates and conditions from it", () => {
  const spec = initialSpec("train", query("from_job=job_1"));
  assert.deepEqual(spec.schedule.max_lr, { from_job: "job_1" });
  assert.equal(spec.conditions, null);
});
