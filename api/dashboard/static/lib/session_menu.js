// The user, at the top of every page: hides links that the scope does not permit, and offers log-out.

import { fetchJson, fetchSession } from "./api.js";
import { byId, node, showError } from "./dom.js";

try {
  const session = await fetchSession();
  const may = (/** @type {string | undefined} */ scope) => session.scope === "admin" || session.scope === scope;
  /** @type {NodeListOf<HTMLElement>} */
  const entries = document.querySelectorAll("[data-needs]");
  for (const entry of entries) entry.hidden = !may(entry.dataset.needs);
  if (session.key_required) {
    const leave = node("button", { type: "button", className: "quiet", textContent: "Log out", onclick: logOut });
    byId("who").replaceChildren(
      node("span", { className: "owner", textContent: session.owner, title: `logged in, scope ${session.scope}` }), leave,
    );
  }
} catch (error) {
  showError(error);
}

async function logOut() {
  try {
    await fetchJson("/v1/session", { method: "DELETE" });
    location.assign("/login");
  } catch (error) {
    showError(error);
  }
}
