import assert from "node:assert/strict";
import { test } from "node:test";

import { formatBytes, kindText, metricText, reasonText, secondsBetween, statusText } from "../../../../../api/dashboard/static/lib/job_status_text.js";

const job = (more) => ({ status: "running", reason: null, waits_for: null, progress: { step: 3, total_steps: 10, eta_s: 61 }, started_at: null, finished_at: null, ...more });

test("kinds and metrics have names, unknown ones are shown as they are", () => {
  assert.equal(kindText("lr_find"), "LR range test");
  assert.equal(kindText("new_kind"), "new_kind");
  assert.equal(metricText("val_loss"), "validation loss");
  assert.equal(metricText("grad_norm"), "grad norm");
});

test("seconds between two moments are null if one is missing", () => {
  assert.equal(secondsBetween("2026-01-01T00:00:00Z", "2026-01-01T00:01:30Z"), 90);
  assert.equal(secondsBetween("2026-01-01T00:00:00Z", null), null);
});

test("sizes are kB below one MB", () => {
  assert.equal(formatBytes(1), "1 kB");
  assert.equal(formatBytes(999_000), "999 kB");
  assert.equal(formatBytes(1_500_000), "1.5 MB");
});

test("a reason has an advice, an unknown one at least its name", () => {
  assert.match(reasonText("out_of_memory").advice, /smaller global batch size/);
  assert.deepEqual(reasonText("brand_new"), { what: "brand new", advice: "" });
  assert.deepEqual(reasonText(null), { what: "", advice: "" });
});

test("the status tells a queued job's reason, a running job's progress, and an ended job's duration", () => {
  assert.equal(statusText(job({ status: "queued" })), "Waits for a free slot of a worker.");
  assert.equal(statusText(job({ status: "queued", waits_for: "job_2" })), "Waits for another job to end.");
  assert.match(statusText(job({ status: "queued", reason: "no_matching_worker" })), /^Waits: no live worker/);
  assert.equal(statusText(job({})), "Step 3 of 10, about 1:01 left.");
  const ended = { started_at: "2026-01-01T00:00:00Z", finished_at: "2026-01-01T00:00:30Z" };
  assert.equal(statusText(job({ status: "succeeded", ...ended })), "Done after 30 s.");
  assert.equal(statusText(job({ status: "cancelled", reason: "user_cancelled", ...ended })), "Cancelled after 30 s.");
  assert.equal(statusText(job({ status: "failed", reason: "diverged", ...ended })), "Failed after 30 s: the loss became NaN or infinite.");
});
