// What every page needs: requests to /v1, nodes made without markup in strings, and words for people.

let session = null;

/** Who asks, and the token that a session's changes must carry. Asked once for each page. */
export const whoAsks = () => (session ??= request("/v1/session"));

/** The answer's JSON (null for 204). Throws a Problem for an error, and goes to log in where nobody is. */
export async function ask(path, { method = "GET", body, headers = {}, signal } = {}) {
  const sent = { ...headers };
  if (body !== undefined) sent["Content-Type"] = "application/json";
  if (method !== "GET") {
    const { csrf_token: token } = await whoAsks();
    if (token) sent["X-CSRF-Token"] = token;
  }
  return request(path, { method, headers: sent, body: body === undefined ? undefined : JSON.stringify(body), signal });
}

async function request(path, options) {
  const answer = await fetch(path, options);
  if (answer.status === 401) {
    location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
    return new Promise(() => {}); // the page is on its way out
  }
  const document = answer.status === 204 ? null : await answer.json();
  if (!answer.ok) throw new Problem(document);
  return document;
}

/** An RFC 9457 problem of the API. `errors` is the list of faulty fields, each with pointer and detail. */
export class Problem extends Error {
  constructor(document) {
    super(document.detail ?? document.title);
    Object.assign(this, { status: document.status, code: document.code, errors: document.errors ?? [] });
  }
}

/** An element with properties and children; text is only ever text. */
export function node(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in made && name !== "list") made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

/** Tell what went wrong, above the page; with nothing, take it away again. */
export function trouble(error = null) {
  const place = document.getElementById("trouble");
  place.replaceChildren();
  if (error === null) return;
  const said = error instanceof Problem ? error.message : `The service does not answer (${error.message}). Is it running?`;
  place.append(node("p", { className: "notice bad", textContent: said }));
}

/** Tell screen readers what changed. */
export const say = (text) => { document.getElementById("said").textContent = text; };
