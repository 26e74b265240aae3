// The log of a job's ranks, from its last lines on, updated live.

import { node } from "../lib/dom.js";
import { stream } from "../lib/stream.js";

const TAIL = 500;
const MOST = 2000;

/**
 * Follow the log of a job in `place` when `fold` is opened; `again()` continues after a resume.
 *
 * @param {string} id
 * @param {HTMLDetailsElement} fold
 * @param {HTMLElement} place
 */
export function log(id, fold, place) {
  /** @type {ReturnType<typeof stream> | null} */
  let lines = null;

  /** @param {LogLine} line */
  function add(line) {
    const isAtEnd = place.scrollTop + place.clientHeight >= place.scrollHeight - 4;
    if (place.children.length >= MOST) place.firstChild?.remove();
    place.append(node("span", { className: line.stream }, node("b", {}, `${line.attempt}/${line.source} `), `${line.text}\n`));
    if (isAtEnd) place.scrollTop = place.scrollHeight;
  }

  fold.addEventListener("toggle", () => {
    if (!fold.open || lines) return;
    lines = stream((seen) => `/v1/jobs/${id}/logs?${seen === null ? `tail=${TAIL}` : `after=${seen}`}`, { log: add });
  });
  return { again() { lines?.again(); } };
}
