import assert from "node:assert/strict";
import { test } from "node:test";

import { helpText, rangeText, Schemas } from "../../../../../api/dashboard/static/forms/schema.js";

const schemas = new Schemas({
  JobSpec: { discriminator: { mapping: { train: "#/components/schemas/TrainSpec" } } },
  TrainSpec: { type: "object", properties: { epochs: { type: "number" } } },
  Sgd: { type: "object", properties: { name: { const: "sgd" }, momentum: { type: "number" } } },
  FromJob: { type: "object", properties: { from_job: { type: "string" } } },
});

test("a reference is resolved, and what is beside it wins", () => {
  assert.equal(schemas.ofKind("train").properties.epochs.type, "number");
  assert.equal(schemas.resolve({ $ref: "#/components/schemas/Sgd", description: "mine" }).description, "mine");
});

test("a schema that may be null is optional", () => {
  const number = { type: "number", minimum: 1 };
  assert.deepEqual(schemas.withoutNull({ anyOf: [number, { type: "null" }], default: null }), { schema: { ...number, default: null }, optional: true });
  assert.equal(schemas.withoutNull(number).optional, false);
});

test("forms of a choice have a value and a label", () => {
  const forms = schemas.formsOf({ oneOf: [{ $ref: "#/components/schemas/Sgd" }, { const: "auto" }, { $ref: "#/components/schemas/FromJob" }, { type: "number" }] });
  assert.deepEqual(forms.map(({ value, label }) => [value, label]), [["sgd", "sgd"], ["auto", "auto"], ["from_job", "from job"], ["number", "a number"]]);
});

test("help is the first paragraph as plain text", () => {
  assert.equal(helpText({ description: "The ``max_lr``\nof a cycle.\n\nMore." }), "The max_lr of a cycle.");
  assert.equal(helpText({}), "");
});

test("the range of a number is told if it is more than being positive", () => {
  assert.equal(rangeText({ minimum: 0, maximum: 1 }), "0 to 1");
  assert.equal(rangeText({ exclusiveMinimum: 0, exclusiveMaximum: 1 }), "above 0 to below 1");
  assert.equal(rangeText({ maximum: 16 }), "up to 16");
  assert.equal(rangeText({ minimum: 2, maximum: 1e9 }), "at least 2");
  assert.equal(rangeText({ exclusiveMinimum: 0 }), "");
});
