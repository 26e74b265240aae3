import assert from "node:assert/strict";
import { test } from "node:test";

import "../browser_globals.mjs";

const { trainingLength, withNumericRates } = await import("../../../../../api/dashboard/static/forms/schedule_preview.js");

test("the length of a training follows from its epochs and its data", () => {
  const conditions = { global_batch_size: 64 };
  assert.deepEqual(trainingLength({ epochs: 2 }, conditions, 640), { total_steps: 20, steps_per_epoch: 10 });
  assert.deepEqual(trainingLength({ steps: 7 }, conditions, 640), { total_steps: 7, steps_per_epoch: 10 });
  assert.deepEqual(trainingLength({ epochs: 2 }, null, null), { total_steps: 200, steps_per_epoch: 100 });
});

test("rates that a range test will find are drawn relative to 1", () => {
  const schedule = { name: "triangular", max_lr: "auto" };
  assert.deepEqual(withNumericRates(schedule, null), { schedule: { name: "triangular", max_lr: 1, base_lr: 0.1 }, isRelative: true });
  assert.deepEqual(withNumericRates(schedule, { max_lr: 0.4, base_lr: 0.02 }), { schedule: { name: "triangular", max_lr: 0.4, base_lr: 0.02 }, isRelative: false });
});

test("rates that are numbers are left alone", () => {
  const schedule = { name: "cosine", lr: 0.3 };
  assert.deepEqual(withNumericRates(schedule, null), { schedule, isRelative: false });
});
