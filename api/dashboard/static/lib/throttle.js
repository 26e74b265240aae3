// Throttling and debouncing.

/**
 * Throttle: one run at a time, at least `pauseMs` apart; calls in between are merged into one more run.
 *
 * @param {() => Promise<void>} work
 * @param {number} pauseMs
 */
export function throttle(work, pauseMs) {
  let running = false;
  let wanted = false;
  async function run() {
    if (running) { wanted = true; return; }
    running = true;
    wanted = false;
    try { await work(); } finally {
      setTimeout(() => { running = false; if (wanted) run(); }, pauseMs);
    }
  }
  return run;
}

/**
 * Debounce: one run when there was no call for `quietMs`.
 *
 * @template {unknown[]} Given
 * @param {(...given: Given) => void} work
 * @param {number} quietMs
 */
export function debounce(work, quietMs) {
  /** @type {number | undefined} */
  let timer;
  return (/** @type {Given} */ ...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => work(...given), quietMs);
  };
}
