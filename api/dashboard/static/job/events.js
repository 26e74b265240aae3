// The events of a job, newest first; fetched when the section is opened.

import { fetchJson } from "../lib/api.js";
import { node, showError } from "../lib/dom.js";
import { moment } from "../lib/formatting.js";
import { throttle } from "../lib/throttle.js";

const MOST = 300;
const PAGE = 1000;

/**
 * Show the events of a job in `list` while `fold` is open; `update` must be called when the job has changed.
 *
 * @param {string} id
 * @param {HTMLDetailsElement} fold
 * @param {HTMLElement} list
 */
export function events(id, fold, list) {
  let after = 0;

  const more = throttle(async () => {
    if (!fold.open) return;
    try {
      /** @type {number | null} */
      let next = after;
      while (next !== null) {
        /** @type {{data: JobEvent[], next_after: number | null}} */
        const page = await fetchJson(`/v1/jobs/${id}/events?after=${next}&limit=${PAGE}`);
        page.data.forEach(add);
        after = page.data.at(-1)?.seq ?? after;
        next = page.next_after;
      }
    } catch (error) {
      showError(error);
    }
  }, 1000);

  /** @param {JobEvent} event */
  function add({ type, at: when, data }) {
    if (list.children.length >= MOST) list.lastChild?.remove();
    const words = Object.keys(data).length ? ` ${JSON.stringify(data)}` : "";
    list.prepend(node("li", {}, node("time", { dateTime: when }, moment(when)), " ", node("strong", {}, type.replaceAll("_", " ")), node("code", {}, words)));
  }

  fold.addEventListener("toggle", more);
  return { update: more };
}
