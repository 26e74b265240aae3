// Elements of the page: finds them by id, creates them without HTML strings, and shows messages.

import { Problem } from "./api.js";

/**
 * The element with an id from the page's template.
 *
 * @template {HTMLElement} [T=HTMLElement]
 * @param {string} id
 * @param {new () => T} [type] What the element has to be.
 * @returns {T}
 * @throws {TypeError} If the page has no such element.
 */
export function byId(id, type = /** @type {new () => any} */ (HTMLElement)) {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new TypeError(`#${id} is not a ${type.name} of this page`);
  return found;
}

/**
 * The first element within another that a selector matches.
 *
 * @template {HTMLElement} [T=HTMLElement]
 * @param {HTMLElement} parent
 * @param {string} selector
 * @param {new () => T} [type] What the element has to be.
 * @returns {T}
 * @throws {TypeError} If there is no such element.
 */
export function within(parent, selector, type = /** @type {new () => any} */ (HTMLElement)) {
  const found = parent.querySelector(selector);
  if (!(found instanceof type)) throw new TypeError(`${selector} is not a ${type.name} of ${parent.tagName}`);
  return found;
}

/**
 * A new element with properties (or attributes) and children. Text is set as text, never as markup.
 *
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, unknown>} properties
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function node(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in made && name !== "list") Object.assign(made, { [name]: value });
    else made.setAttribute(name, String(value));
  }
  made.append(...children);
  return made;
}

/**
 * Show an error and advice at the top of the page. Without an error, remove the message.
 *
 * @param {unknown} error
 */
export function showError(error = null) {
  const place = byId("trouble");
  if (error === null) return place.replaceChildren();
  const message = error instanceof Error ? error.message : String(error);
  const text = error instanceof Problem ? `${message[0].toUpperCase()}${message.slice(1)}.`
    : `The service does not answer (${message}). Start it with clr up if it runs on this machine.`;
  if (place.textContent !== text) place.replaceChildren(node("p", { className: "notice bad", textContent: text }));
}

/**
 * Announce a change to screen readers.
 *
 * @param {string} text
 */
export const announce = (text) => { byId("said").textContent = text; };
