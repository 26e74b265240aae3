// The job of a form as a request to copy: curl, Python, or the command line.

import { copyOnClick } from "../lib/clipboard.js";
import { byId } from "../lib/dom.js";
import { snippet } from "./snippets.js";

/** @type {Record<string, string>} */
const COMMANDS = { lr_find: "lr-find", train: "train", sweep: "sweep" };

/**
 * The command line reads any spec from a file; here the file is standard input.
 *
 * @param {Json} spec
 */
const clr = (spec) => `clr ${COMMANDS[spec.kind]} --url ${location.origin} --spec /dev/stdin <<'JSON'\n${JSON.stringify(spec, null, 2)}\nJSON\n`;

/**
 * Wire the tabs.
 *
 * @param {boolean} needsKey
 * @returns {(spec: Json) => void} Shows the commands for a spec.
 */
export function copyAs(needsKey) {
  const [tabs, code] = [byId("languages", HTMLFormElement), byId("snippet")];
  /** @type {Json} */
  let spec = null;

  /** @param {Json} now */
  function show(now) {
    spec = now;
    const language = String(new FormData(tabs).get("language"));
    code.textContent = language === "clr" ? clr(spec) : snippet(language, spec, needsKey);
  }

  tabs.addEventListener("change", () => show(spec));
  copyOnClick(byId("copy"), code);
  return show;
}
