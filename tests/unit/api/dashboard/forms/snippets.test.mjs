import assert from "node:assert/strict";
import { test } from "node:test";

import "../browser_globals.mjs";
import { snippet } from "../../../../../api/dashboard/static/forms/snippets.js";

test("curl quotes the body for a shell and names the key only if one is needed", () => {
  const text = snippet("curl", { name: "it's" });
  assert.match(text, /^curl -X POST http:\/\/clr\.example\/v1\/jobs/);
  assert.ok(text.includes("it'\\''s"));
  assert.ok(!text.includes("CLR_API_KEY"));
  assert.ok(snippet("curl", {}, true).includes("Authorization: Bearer $CLR_API_KEY"));
});

test("Python has its own words for null and booleans", () => {
  const text = snippet("python", { seed: null, swa: true, rates: [0.1, 1] });
  assert.ok(text.includes('{"seed": None, "swa": True, "rates": [0.1, 1]}'), text);
});
