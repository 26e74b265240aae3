import assert from "node:assert/strict";
import { test } from "node:test";

import "../browser_globals.mjs";

const { compareFigure, ROLES } = await import("../../../../../api/dashboard/static/charts/compare_figure.js");
const { lastValue } = await import("../../../../../api/dashboard/static/charts/curve_data.js");
const { trainFigure } = await import("../../../../../api/dashboard/static/charts/train_figure.js");
const { translucent } = await import("../../../../../api/dashboard/static/charts/frame.js");

const series = (y, more = {}) => ({ raw: { x: y.map((_, step) => step), y, nonfinite: [], last: { value: y.at(-1) }, ...more } });
const job = { alarms: [], attempts: [] };
const seen = (found, more = {}) => ({
  found: new Map(Object.entries(found)), revision: 0, plan: null, shades: [], job, asX: (step) => step, xWords: "steps", limits: null, isLog: false, isNarrow: false, ...more,
});

test("a colour of the theme is made translucent", () => assert.equal(translucent("blue", 0.5), "rgba(16, 32, 48, 0.5)"));

test("a series without a last value has none", () => {
  assert.equal(lastValue(undefined), null);
  assert.equal(lastValue(series([1, 2]).raw), 2);
});

test("a comparison has a row for each metric that an arm has, and rows do not overlap", () => {
  const arms = [{ name: "a", found: new Map(Object.entries({ train_loss: series([2, 1]), lr: series([0.1, 1]) })) }, { name: "b", found: new Map() }];
  const { data, shown } = compareFigure(arms, { xWords: "steps", isLog: false, target: null, isNarrow: false });
  assert.equal(data.length, 2);
  assert.ok(shown.yaxis.domain[0] > shown.yaxis2.domain[1]);
  assert.equal(shown.yaxis3, undefined);
  assert.equal(new Set(ROLES).size, ROLES.length);
});

test("a training without validation has rows for loss and LR", () => {
  const { rows } = trainFigure(seen({ train_loss: series([2, 1]), lr: series([0.1, 1]) }));
  assert.deepEqual(rows.map(({ title }) => title), ["loss", "LR"]);
});

test("losses that were not finite are marked at the foot of the chart", () => {
  const { data } = trainFigure(seen({ train_loss: series([2, null, 1], { nonfinite: [1] }) }));
  const marks = data.find(({ name }) => name === "not a finite number");
  assert.deepEqual([marks.x, marks.y], [[1], [1]]);
});

test("an attempt that resumed has a line at its step", () => {
  const attempts = [{ number: 1, resumed_from_step: null }, { number: 2, resumed_from_step: 40 }];
  const { shown } = trainFigure(seen({ train_loss: series([2, 1]) }, { job: { alarms: [], attempts } }));
  assert.deepEqual(shown.annotations.map(({ text, x }) => [text, x]), [["attempt 2", 40]]);
});
