import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { debounce, throttle } from "../../../../../api/dashboard/static/lib/throttle.js";

const settle = () => new Promise((resolve) => setImmediate(resolve));
const { setTimeout: realSetTimeout, clearTimeout: realClearTimeout } = globalThis;
let now = 0;
let timers = [];

function pass(ms) {
  now += ms;
  const due = timers.filter(({ at }) => at <= now);
  timers = timers.filter(({ at }) => at > now);
  for (const { run } of due) run();
}

beforeEach(() => {
  globalThis.setTimeout = (run, ms) => {
    const timer = { run, at: now + ms };
    timers.push(timer);
    return timer;
  };
  globalThis.clearTimeout = (timer) => { timers = timers.filter((one) => one !== timer); };
});
afterEach(() => Object.assign(globalThis, { setTimeout: realSetTimeout, clearTimeout: realClearTimeout }));

test("throttled work runs at once, and calls during the pause make one more run", async () => {
  let runs = 0;
  const run = throttle(async () => { runs += 1; }, 100);
  for (let call = 0; call < 5; call += 1) run();
  await settle();
  assert.equal(runs, 1);
  pass(99);
  assert.equal(runs, 1);
  pass(1);
  await settle();
  assert.equal(runs, 2);
  pass(1000);
  await settle();
  assert.equal(runs, 2);
});

test("debounced work runs once after the last call, with that call's arguments", () => {
  const calls = [];
  const later = debounce((value) => calls.push(value), 50);
  later(1);
  pass(49);
  later(2);
  pass(49);
  assert.deepEqual(calls, []);
  pass(1);
  assert.deepEqual(calls, [2]);
});
