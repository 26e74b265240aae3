// Log in with a key: the answer is a cookie that no script reads. Then back to where the user came from.

import { byId, node } from "../lib/dom.js";

const form = byId("login", HTMLFormElement);
const input = /** @type {HTMLInputElement} */ (form.elements.namedItem("key"));
const wrong = byId("key-error");
const query = new URLSearchParams(location.search);

/** An address of this very service, else the jobs: nobody is sent elsewhere by a link to this page. */
function next() {
  try {
    const wanted = new URL(query.get("next") ?? "/", location.origin);
    return wanted.origin === location.origin ? wanted.href : "/";
  } catch {
    return "/";
  }
}

/** @param {string} message */
function refuse(message) {
  wrong.textContent = message;
  input.setAttribute("aria-invalid", "true");
  input.focus();
  input.select();
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  wrong.textContent = "";
  input.removeAttribute("aria-invalid");
  const headers = { "Content-Type": "application/json" };
  try {
    const answer = await fetch("/v1/session", { method: "POST", headers, body: JSON.stringify({ key: input.value.trim() }) });
    if (answer.ok) location.replace(next());
    else refuse((await answer.json()).detail);
  } catch (error) {
    refuse(`The service does not answer (${error instanceof Error ? error.message : error}). Is it running?`);
  }
});

async function greet() {
  const answer = await fetch("/v1/session").catch(() => null);
  if (!answer?.ok) {
    input.focus();
    return;
  }
  const { owner, scope, key_required: required } = await answer.json();
  form.hidden = true;
  byId("in").hidden = false;
  const words = required ? ["You are ", node("strong", { textContent: owner }), `, with the scope ${scope}.`]
    : ["This service requires no key: it is open to this machine only."];
  byId("who-is-in").replaceChildren(...words);
}

if (query.has("ended")) {
  const why = byId("why");
  why.textContent = "Your session has ended. Log in once more; nothing of your jobs is lost.";
  why.hidden = false;
}
if (query.has("ended") || query.has("next")) input.focus();
else await greet();
