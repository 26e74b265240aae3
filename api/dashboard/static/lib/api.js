// Requests to the API.

const [NO_CONTENT, NOT_MODIFIED, UNAUTHORIZED] = [204, 304, 401];

/** @type {Promise<Session> | null} */
let session = null;

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
export async function fetchJson(path, { method = "GET", body, headers = {}, signal } = {}) {
  const sent = { ...headers };
  if (body !== undefined) sent["Content-Type"] = "application/json";
  if (method !== "GET") {
    const { csrf_token: token } = await fetchSession();
    if (token) sent["X-CSRF-Token"] = token;
  }
  return request(path, { method, headers: sent, body: body === undefined ? undefined : JSON.stringify(body), signal });
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
