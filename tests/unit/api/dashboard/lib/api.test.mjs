import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import "../browser_globals.mjs";
import { fetchIfChanged, fetchJson, fetchLast, Problem } from "../../../../../api/dashboard/static/lib/api.js";

const json = (document, init = {}) => new Response(JSON.stringify(document), init);
const settle = () => new Promise((resolve) => setImmediate(resolve));
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

test("the last request of a page waits for those under way, and later ones wait until it has failed", async () => {
  let finish = null;
  answers["/slow"] = () => new Promise((resolve) => { finish = () => resolve(json({})); });
  answers["/gone"] = () => json({ status: 409, title: "conflict" }, { status: 409 });
  const slow = fetchJson("/slow");
  await settle();
  const last = fetchLast("/gone", { method: "DELETE" });
  const later = fetchJson("/later");
  await settle();
  assert.deepEqual(sent, ["GET /slow"]);
  finish();
  await slow;
  await assert.rejects(last, Problem);
  assert.deepEqual(await later, { path: "/later" });
  assert.deepEqual(sent.filter((one) => !one.endsWith("session")), ["GET /slow", "DELETE /gone", "GET /later"]);
});

test("after the last request of a page has succeeded nothing is sent", async () => {
  await fetchLast("/v1/jobs/job_1", { method: "DELETE" });
  fetchJson("/v1/jobs/job_1/curves");
  await settle();
  assert.deepEqual(sent.filter((one) => !one.endsWith("session")), ["DELETE /v1/jobs/job_1"]);
});
