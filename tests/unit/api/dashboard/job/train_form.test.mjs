import assert from "node:assert/strict";
import { test } from "node:test";

import { trainingSpec } from "../../../../../api/dashboard/static/job/train_form.js";

const job = { id: "job_1", name: "look", labels: { team: "a" }, spec: { seed: 3, conditions: { world_size: 2 } } };
const measured = { base_lr: 0.01, max_lr: 0.4 };

test("with the measured bounds the training names the range test and repeats no rates", () => {
  const spec = trainingSpec(job, { rates: { ...measured }, measured, schedule: "one_cycle", epochs: 5 });
  assert.deepEqual(spec, { kind: "train", epochs: 5, seed: 3, name: "look: one_cycle", labels: { team: "a" }, schedule: { name: "one_cycle", max_lr: { from_job: "job_1" } } });
});

test("with moved bounds the training has explicit rates under the same conditions", () => {
  const spec = trainingSpec(job, { rates: { base_lr: 0.02, max_lr: 0.4 }, measured, schedule: "triangular", epochs: 4 });
  assert.deepEqual(spec.conditions, { world_size: 2 });
  assert.deepEqual(spec.schedule, { name: "triangular", base_lr: 0.02, max_lr: 0.4, step_size_epochs: 1 });
});
