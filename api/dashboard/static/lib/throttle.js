// Work that is asked for often and done seldom.

/** One run at a time, each at least `pauseMs` after the one before; what is asked meanwhile is one more run. */
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

/** One run, once nobody has asked for `quietMs`. */
export function debounce(work, quietMs) {
  let timer;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => work(...given), quietMs);
  };
}
