// Requests to the API.

const [NO_CONTENT, NOT_MODIFIED, UNAUTHORIZED] = [204, 304, 401];
let session = null;

/** Who asks, and the token that a session's changes must carry. Asked once for each page. */
export const fetchSession = () => (session ??= request("/v1/session"));

/** The answer's JSON (null for 204). Throws a Problem for an error, and goes to log in where nobody is. */
export async function fetchJson(path, { method = "GET", body, headers = {}, signal } = {}) {
  const sent = { ...headers };
  if (body !== undefined) sent["Content-Type"] = "application/json";
  if (method !== "GET") {
    const { csrf_token: token } = await fetchSession();
    if (token) sent["X-CSRF-Token"] = token;
  }
  return request(path, { method, headers: sent, body: body === undefined ? undefined : JSON.stringify(body), signal });
}

/** What GET answers now, with its `etag`; null where it still is what it was at `etag`. */
export async function fetchIfChanged(path, etag) {
  const answer = await fetchOrThrow(path, etag ? { headers: { "If-None-Match": etag } } : {});
  return answer.status === NOT_MODIFIED ? null : { document: await answer.json(), etag: answer.headers.get("ETag") };
}

async function request(path, options) {
  const answer = await fetchOrThrow(path, options);
  return answer.status === NO_CONTENT ? null : answer.json();
}

async function fetchOrThrow(path, options) {
  const answer = await fetch(path, options);
  if (answer.ok || answer.status === NOT_MODIFIED) return answer;
  const problem = await answer.json().catch(() => ({ status: answer.status, title: `the answer was ${answer.status}` }));
  if (answer.status !== UNAUTHORIZED) throw new Problem(problem);
  const ended = problem.code === "session_ended" ? "&ended=1" : "";
  location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}${ended}`);
  return new Promise(() => {}); // the page is on its way out
}

/** An RFC 9457 problem of the API. `errors` is the list of faulty fields, each with pointer and detail. */
export class Problem extends Error {
  constructor(document) {
    super(document.detail ?? document.title);
    Object.assign(this, { status: document.status, code: document.code, errors: document.errors ?? [] });
  }
}
