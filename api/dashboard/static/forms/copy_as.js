// The job of a form as one would type it: curl, Python, or the command line.

import { copyOnClick } from "../lib/clipboard.js";
import { byId } from "../lib/dom.js";
import { snippet } from "./snippets.js";

const COMMANDS = { lr_find: "lr-find", train: "train", sweep: "sweep" };

/** The command line takes any spec from a file; here that is what is typed after it. */
const clr = (spec) => `clr ${COMMANDS[spec.kind]} --url ${location.origin} --spec /dev/stdin <<'JSON'\n${JSON.stringify(spec, null, 2)}\nJSON\n`;

/** Wires the tabs; `show(spec)` tells what to say. */
export function copyAs(needsKey) {
  const [tabs, code] = [byId("languages"), byId("snippet")];
  let spec = null;

  function show(now = spec) {
    spec = now;
    const language = new FormData(tabs).get("language");
    code.textContent = language === "clr" ? clr(spec) : snippet(language, "/v1/jobs", spec, needsKey);
  }

  tabs.addEventListener("change", () => show());
  copyOnClick(byId("copy"), code);
  return show;
}
