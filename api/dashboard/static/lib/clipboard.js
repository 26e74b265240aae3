// Copying: to the clipboard if the browser has one (https and localhost), else by selecting the text.

import { announce } from "./dom.js";

const SHOWN_MS = 2000;

/**
 * Let `button` copy the text of `element`.
 *
 * @param {HTMLElement} button
 * @param {HTMLElement} element
 */
export function copyOnClick(button, element) {
  const usual = button.textContent;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(element.textContent);
      button.textContent = "Copied";
      announce("Copied");
    } catch {
      getSelection()?.selectAllChildren(element);
      button.textContent = "Press Ctrl+C";
      announce("Marked. Press Control and C to copy.");
    }
    setTimeout(() => { button.textContent = usual; }, SHOWN_MS);
  });
}
