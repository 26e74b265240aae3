// Elements of the page: found by id, made without markup in strings, and the two places for messages.

import { Problem } from "./api.js";

export const byId = (id) => document.getElementById(id);

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

/** Tell what went wrong and what to do, above the page; with nothing, take it away again. */
export function showError(error = null) {
  const place = byId("trouble");
  if (error === null) return place.replaceChildren();
  const said = error instanceof Problem ? `${error.message[0].toUpperCase()}${error.message.slice(1)}.`
    : `The service does not answer (${error.message}). clr up starts it on this machine.`;
  if (place.textContent !== said) place.replaceChildren(node("p", { className: "notice bad", textContent: said }));
}

/** Tell screen readers what changed. */
export const announce = (text) => { byId("said").textContent = text; };
