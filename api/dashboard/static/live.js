// A job as it changes: server-sent events that outlive a lost server, a sleeping laptop and a hidden tab.

import { ask } from "./api.js";

const TYPES = [
  "submitted", "cloned", "started", "checkpoint", "alarm", "restarted", "requeued", "resumed", "cancelling", "killing",
  "succeeded", "failed", "cancelled", "log",
];
const AGAIN_MS = 2000;

/**
 * Hear of a job until it has ended. Every callback is optional.
 *
 * @param {string} id
 * @param {{job, event, lost, back, gone}} hear  job(document), event(document), lost(), back(), gone(error)
 */
export function follow(id, hear) {
  let seen = 0;
  let source = null;
  let isLost = false;
  let hasEnded = false;

  function open() {
    if (source || hasEnded || document.hidden) return;
    source = new EventSource(`/v1/jobs/${id}/events?after=${seen}`);
    source.onopen = () => { if (isLost) { isLost = false; hear.back?.(); } };
    source.onerror = fell;
    source.addEventListener("job", (message) => hear.job?.(JSON.parse(message.data)));
    source.addEventListener("end", () => { hasEnded = true; close(); });
    for (const type of TYPES) source.addEventListener(type, (message) => { told(JSON.parse(message.data)); });
  }

  function told(event) {
    seen = Math.max(seen, event.seq);
    hear.event?.(event);
  }

  function close() {
    source?.close();
    source = null;
  }

  /** The stream fell. The browser tries again by itself unless the server refused: then the job is asked for why. */
  async function fell() {
    if (hasEnded) return;
    if (!isLost) { isLost = true; hear.lost?.(); }
    if (source?.readyState !== EventSource.CLOSED) return;
    close();
    try {
      await ask(`/v1/jobs/${id}`);
    } catch (error) {
      if (error.status === 404) { hasEnded = true; hear.gone?.(error); return; }
    }
    setTimeout(open, AGAIN_MS);
  }

  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  open();
  return { again() { hasEnded = false; open(); } };
}
