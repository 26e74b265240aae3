// Polls a document while the page is visible, and reports changes.

import { fetchIfChanged } from "./api.js";
import { showError } from "./dom.js";

const LONGEST_PAUSE_MS = 30_000;

/**
 * Call `told(document)` now and after every change of the answer to GET `path`. Hidden pages do not poll. If the
 * service does not answer, polls become less frequent, and the error is shown until it answers.
 *
 * @param {string} path
 * @param {number} every_ms
 * @param {(document: any) => void} told
 * @returns {() => Promise<void>} Asks at once.
 */
export function poll(path, every_ms, told) {
  /** @type {string | null} */
  let etag = null;
  let failures = 0;
  /** @type {number | undefined} */
  let timer;

  async function once() {
    clearTimeout(timer);
    if (document.hidden) return;
    try {
      const answer = await fetchIfChanged(path, etag);
      if (answer !== null) {
        etag = answer.etag;
        told(answer.document);
      }
      if (failures) showError(null);
      failures = 0;
    } catch (error) {
      failures += 1;
      showError(error);
    }
    clearTimeout(timer);
    timer = setTimeout(once, Math.min(LONGEST_PAUSE_MS, every_ms * 2 ** failures));
  }

  document.addEventListener("visibilitychange", once);
  once();
  return once;
}
