import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import "../browser_globals.mjs";
import { fetchIfChanged, fetchJson, Problem } from "../../../../../api/dashboard/static/lib/api.js";

const json = (document, init = {}) => new Response(JSON.stringify(document), init);
let sent = [];
let answers = {};

globalThis.fetch = async (path, options = {}) => {
  sent.push(`${options.method ?? "GET"} ${path}`);
  return answers[path]?.(options) ?? json({ path });
};

beforeEach(() => {
  sent = [];
  answers = { "/v1/session": () => json({ csrf_token: "token" }) };
});

test("an error of the API is a Problem with its fields", async () => {
  const errors = [{ pointer: "/epochs", detail: "must be above 0" }];
  answers["/v1/jobs"] = () => json({ status: 422, code: "invalid_spec", detail: "no", errors }, { status: 422 });
  await assert.rejects(fetchJson("/v1/jobs"), (error) => error instanceof Problem && error.code === "invalid_spec" && error.errors[0].pointer === "/epochs");
});

test("a change carries the token of the session", async () => {
  let headers = null;
  answers["/v1/jobs"] = (options) => { headers = options.headers; return json({}); };
  await fetchJson("/v1/jobs", { method: "POST", body: { kind: "train" } });
  assert.deepEqual(headers, { "Content-Type": "application/json", "X-CSRF-Token": "token" });
});

test("an unchanged document is null", async () => {
  answers["/v1/jobs"] = (options) => (options.headers ? new Response(null, { status: 304 }) : json({}, { headers: { ETag: "1" } }));
  assert.equal((await fetchIfChanged("/v1/jobs", null)).etag, "1");
  assert.equal(await fetchIfChanged("/v1/jobs", "1"), null);
});
