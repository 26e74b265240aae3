import assert from "node:assert/strict";
import { test } from "node:test";

import { ago, describeConditions, duration, jobName, label, moment, number, percent } from "../../../../../api/dashboard/static/lib/formatting.js";

test("a number has four significant digits unless told otherwise, and a dash if it is missing", () => {
  assert.equal(number(0.123456), "0.1235");
  assert.equal(number(1234.5678, 2), "1200");
  assert.equal(number(0), "0");
  assert.equal(number(null), "–");
  assert.equal(number(undefined), "–");
});

test("a fraction is a percentage", () => {
  assert.equal(percent(0.5), "50 %");
  assert.equal(percent(0.9876, 1), "98.8 %");
});

test("a duration is in seconds below a minute, then in minutes and hours", () => {
  assert.equal(duration(null), "–");
  assert.equal(duration(4.21), "4.2 s");
  assert.equal(duration(42.4), "42 s");
  assert.equal(duration(60), "1:00");
  assert.equal(duration(181), "3:01");
  assert.equal(duration(3723), "1:02:03");
});

test("a past moment is told in the largest unit that fits", () => {
  const now = Date.parse("2026-01-02T00:00:00Z");
  const before = (seconds) => new Date(now - 1000 * seconds).toISOString();
  assert.equal(ago(before(-5), now), "just now");
  assert.equal(ago(before(9), now), "just now");
  assert.equal(ago(before(30), now), "30 seconds ago");
  assert.equal(ago(before(120), now), "2 minutes ago");
  assert.equal(ago(before(7200), now), "2 hours ago");
  assert.equal(ago(before(3 * 86400), now), "3 days ago");
  assert.equal(ago(null, now), "–");
  assert.equal(moment(null), "–");
});

test("a job without a name is called by its kind and the end of its id", () => {
  assert.equal(jobName({ name: "first look", kind: "train", id: "job_0123456789abcdef" }), "first look");
  assert.equal(jobName({ name: "", kind: "train", id: "job_0123456789abcdef" }), "train 89abcdef");
});

test("a field's name becomes a label", () => {
  assert.equal(label("max_lr"), "Max LR");
  assert.equal(label("max_runtime_s"), "Max runtime (s)");
  assert.equal(label("ema_decay"), "EMA decay");
});

test("conditions are one line", () => {
  const conditions = { model: { name: "mlp" }, dataset: { name: "digits" }, optimizer: { name: "sgd" }, global_batch_size: 64 };
  assert.equal(describeConditions({ ...conditions, world_size: 1 }), "mlp on digits, sgd, batch 64, 1 rank");
  assert.equal(describeConditions({ ...conditions, world_size: 2 }), "mlp on digits, sgd, batch 64, 2 ranks");
  assert.equal(describeConditions(null), "");
});
