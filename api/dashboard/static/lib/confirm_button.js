// A button for actions that are hard to undo: the first press asks, a second one within some seconds confirms.

import { announce } from "./dom.js";

const PATIENCE_MS = 5000;

/**
 * Let `button` ask `question` before it calls `act()`; it is disabled while that runs.
 *
 * @param {HTMLButtonElement} button
 * @param {string} question
 * @param {() => Promise<void>} act
 */
export function confirmOnClick(button, question, act) {
  const usual = button.textContent;
  /** @type {number | undefined} */
  let timer;

  function calm() {
    clearTimeout(timer);
    timer = undefined;
    button.textContent = usual;
    button.classList.remove("asking");
  }

  button.addEventListener("click", async () => {
    if (timer === undefined) {
      button.textContent = question;
      button.classList.add("asking");
      announce(`${question} Press once more to do it.`);
      timer = setTimeout(calm, PATIENCE_MS);
      return;
    }
    calm();
    button.disabled = true;
    try {
      await act();
    } finally {
      button.disabled = false;
    }
  });
  return button;
}
