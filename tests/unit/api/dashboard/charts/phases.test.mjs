import assert from "node:assert/strict";
import { test } from "node:test";

import { findPhases } from "../../../../../api/dashboard/static/charts/phases.js";

const of = (lr) => findPhases({ steps: lr.map((_, step) => step), lr });

test("one cycle rises, falls, and ends in an annihilation below where it began", () => {
  assert.deepEqual(of([0.1, 0.5, 1, 0.5, 0.1, 0.01, 0.001]), [
    { name: "rise", from: 0, to: 2 }, { name: "fall", from: 2, to: 5 }, { name: "annihilation", from: 5, to: 6 },
  ]);
});

test("triangular cycles rise and fall in turn", () => {
  assert.deepEqual(of([0.1, 1, 2, 1, 0.1, 1, 2]).map(({ name }) => name), ["rise", "fall", "rise"]);
});

test("a level stretch is a phase of its own", () => {
  assert.deepEqual(of([0.1, 0.5, 1, 1, 1, 0.5]).map(({ name }) => name).slice(0, 2), ["rise", "level"]);
});

test("a schedule that never rises has no phases", () => {
  assert.deepEqual(of([1, 0.5, 0.1]), []);
  assert.deepEqual(of([1, 1, 1]), []);
});
