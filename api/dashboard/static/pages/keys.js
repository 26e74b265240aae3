// API keys, for admins: create (shown once), list, revoke.

import { fetchJson, Problem } from "../lib/api.js";
import { copyOnClick } from "../lib/clipboard.js";
import { confirmOnClick } from "../lib/confirm_button.js";
import { announce, byId, node, showError } from "../lib/dom.js";
import { ago, moment } from "../lib/formatting.js";

const DAY_S = 86_400;
const form = byId("create", HTMLFormElement);
const secret = byId("secret");
/** @type {Record<string, string>} */
const FIELDS = { name: "name", owner: "owner", expires_in_s: "days" }; // of the spec: of the form

async function show() {
  /** @type {{data: Key[]}} */
  const { data } = await fetchJson("/v1/keys");
  byId("loading").hidden = true;
  byId("list-card").hidden = data.length === 0;
  byId("empty").hidden = data.length > 0;
  byId("list").replaceChildren(...data.toReversed().map(row));
}

/** @param {Key} key */
function row(key) {
  const ended = key.revoked_at ? "revoked" : key.expires_at && Date.parse(key.expires_at) < Date.now() ? "expired" : null;
  const state = node("span", { className: `status ${ended ? "cancelled" : "succeeded"}`, textContent: ended ?? key.scope });
  const revoke = node("button", { type: "button", className: "quiet", textContent: "Revoke", hidden: ended !== null, "aria-label": `Revoke ${key.name}` });
  confirmOnClick(revoke, "Revoke it?", () => end(key));
  return node("li", { className: `key${ended ? " ended" : ""}` },
    node("div", { className: "job-name" }, node("strong", { textContent: key.name }), node("span", { className: "about", textContent: `owner ${key.owner} · ${key.scope}` })),
    state,
    node("span", {}, "created ", when(key.created_at)),
    node("span", {}, key.last_used_at ? "used " : "never used", key.last_used_at ? when(key.last_used_at) : ""),
    node("span", { textContent: key.expires_at ? `ends ${moment(key.expires_at)}` : "does not end" }),
    node("div", { className: "job-action" }, revoke));
}

const when = (/** @type {string | null} */ iso) => node("time", { dateTime: iso, title: moment(iso), textContent: ago(iso) });

/** @param {Key} key */
async function end(key) {
  try {
    await fetchJson(`/v1/keys/${key.id}`, { method: "DELETE" });
    announce(`${key.name} is revoked`);
    await show();
  } catch (error) {
    showError(error);
  }
}

function wanted() {
  const { name, owner, scope, days } = Object.fromEntries(new FormData(form));
  /** @type {Record<string, Json>} */
  const spec = { name, scope };
  if (owner !== "") spec.owner = owner;
  if (days !== "") spec.expires_in_s = Number.isFinite(Number(days)) ? Number(days) * DAY_S : days;
  return spec;
}

/** @param {FieldError[]} errors */
function tell(errors) {
  for (const field of Object.values(FIELDS)) {
    const error = errors.find(({ pointer }) => FIELDS[pointer.slice(1)] === field);
    byId(`${field}-error`).textContent = error?.detail ?? "";
    const input = /** @type {HTMLInputElement} */ (form.elements.namedItem(field));
    input.setAttribute("aria-invalid", String(error !== undefined));
  }
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  tell([]);
  showError();
  try {
    const made = await fetchJson("/v1/keys", { method: "POST", body: wanted() });
    byId("made-words").textContent = `The key of ${made.owner}, with the scope ${made.scope}:`;
    secret.textContent = made.key;
    byId("made").hidden = false;
    form.reset();
    announce("The key was created. Copy it now: it is shown only once.");
    await show();
  } catch (error) {
    if (error instanceof Problem && error.errors.length) tell(error.errors);
    else showError(error);
  }
});

copyOnClick(byId("copy"), secret);
try {
  await show();
} catch (error) {
  byId("loading").hidden = true;
  showError(error);
}
