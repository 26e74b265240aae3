// Server-sent events that survive a lost server, a sleeping laptop and a hidden tab.

import { fetchJson, Problem } from "./api.js";

const AGAIN_MS = 2000;

/**
 * Callbacks about the connection: it was lost, it is back, or there is no such stream.
 *
 * @typedef {{lost?: () => void, back?: () => void, gone?: (error: Problem) => void}} Connection
 */

/**
 * Receive events until the server sends `end`. Every callback is optional.
 *
 * @param {(seen: number | null) => string} address The stream after the event of that number.
 * @param {Record<string, (document: any, number: number | null) => void>} on Listeners by the type of the event.
 * @param {Connection} hear
 */
export function stream(address, on, hear = {}) {
  /** @type {number | null} */
  let seen = null;
  /** @type {EventSource | null} */
  let source = null;
  let isLost = false;
  let hasEnded = false;

  function open() {
    if (source || hasEnded || document.hidden) return;
    source = new EventSource(address(seen));
    source.onopen = () => { if (isLost) { isLost = false; hear.back?.(); } };
    source.onerror = fell;
    source.addEventListener("end", () => { hasEnded = true; close(); });
    source.addEventListener("refused", fell);
    for (const [type, told] of Object.entries(on)) {
      source.addEventListener(type, (message) => {
        if (message.lastEventId) seen = Number(message.lastEventId);
        told(JSON.parse(message.data), seen);
      });
    }
  }

  function close() {
    source?.close();
    source = null;
  }

  /**
   * The browser reconnects unless the server refused. Then a request finds out why: a 401 leads to the login.
   *
   * @param {Event} event
   */
  async function fell(event) {
    if (hasEnded || !source) return;
    if (!isLost) { isLost = true; hear.lost?.(); }
    if (event.type !== "refused" && source.readyState !== EventSource.CLOSED) return;
    const { pathname } = new URL(source.url);
    close();
    try {
      await fetchJson(pathname);
    } catch (error) {
      if (error instanceof Problem && error.status === 404) { hasEnded = true; hear.gone?.(error); return; }
    }
    setTimeout(open, AGAIN_MS);
  }

  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  open();
  return { again() { hasEnded = false; open(); } };
}
