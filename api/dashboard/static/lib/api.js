// Requests to the API.

const [NO_CONTENT, NOT_MODIFIED, UNAUTHORIZED] = [204, 304, 401];

/** @type {Promise<Session> | null} */
let session = null;

/** @type {Set<Promise<unknown>>} */
const pending = new Set();

/** Later requests wait for this. It is pending while `fetchLast` runs, and forever if that succeeds. */
let mayFetch = Promise.resolve();

/**
 * The session of the user, with the token that its changes must carry. It is fetched once for each page.
 *
 * @returns {Promise<Session>}
 */
export const fetchSession = () => (session ??= request("/v1/session"));

/**
 * Send a request and return the JSON of its answer, or null for 204. Without a session the page goes to the login.
 *
 * @param {string} path
 * @param {{method?: string, body?: unknown, headers?: Record<string, string>, signal?: AbortSignal}} [options]
 * @returns {Promise<any>}
 * @throws {Problem} If the API answers with an error.
 */
export async function fetchJson(path, options) {
  await mayFetch;
  return send(path, options);
}

/**
 * Send a request after which the page navigates away, such as one that deletes its job. Pending requests end first.
 * Later ones wait, so that none fetches a deleted resource; they continue if the request fails.
 *
 * @param {string} path
 * @param {{method?: string}} options
 */
export async function fetchLast(path, options) {
  let goOn = () => {};
  mayFetch = new Promise((resolve) => { goOn = resolve; });
  try {
    await Promise.allSettled(pending);
    return await send(path, options);
  } catch (error) {
    goOn();
    throw error;
  }
}

/**
 * GET a document together with its ETag. Returns null if the document has not changed since `etag`.
 *
 * @param {string} path
 * @param {string | null} etag
 * @returns {Promise<{document: any, etag: string | null} | null>}
 * @throws {Problem} If the API answers with an error.
 */
export async function fetchIfChanged(path, etag) {
  const answer = await fetchOrThrow(path, etag ? { headers: { "If-None-Match": etag } } : {});
  return answer.status === NOT_MODIFIED ? null : { document: await answer.json(), etag: answer.headers.get("ETag") };
}

/**
 * @param {string} path
 * @param {{method?: string, body?: unknown, headers?: Record<string, string>, signal?: AbortSignal}} [options]
 */
async function send(path, { method = "GET", body, headers = {}, signal } = {}) {
  const sent = { ...headers };
  if (body !== undefined) sent["Content-Type"] = "application/json";
  if (method !== "GET") {
    const { csrf_token: token } = await fetchSession();
    if (token) sent["X-CSRF-Token"] = token;
  }
  const answer = request(path, { method, headers: sent, body: body === undefined ? undefined : JSON.stringify(body), signal });
  pending.add(answer);
  try {
    return await answer;
  } finally {
    pending.delete(answer);
  }
}

/**
 * @param {string} path
 * @param {RequestInit} [options]
 */
async function request(path, options) {
  const answer = await fetchOrThrow(path, options);
  return answer.status === NO_CONTENT ? null : answer.json();
}

/**
 * @param {string} path
 * @param {RequestInit} [options]
 * @returns {Promise<Response>}
 */
async function fetchOrThrow(path, options) {
  const answer = await fetch(path, options);
  if (answer.ok || answer.status === NOT_MODIFIED) return answer;
  const problem = await answer.json().catch(() => ({ status: answer.status, title: `the answer was ${answer.status}` }));
  if (answer.status !== UNAUTHORIZED) throw new Problem(problem);
  const ended = problem.code === "session_ended" ? "&ended=1" : "";
  location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}${ended}`);
  return new Promise(() => {}); // the browser is leaving the page
}

/** An RFC 9457 problem of the API. `errors` lists the invalid fields, each with a JSON pointer and a detail. */
export class Problem extends Error {
  /** @param {ProblemDocument} document */
  constructor(document) {
    super(document.detail ?? document.title);
    this.status = document.status;
    this.code = document.code;
    this.errors = document.errors ?? [];
  }
}
