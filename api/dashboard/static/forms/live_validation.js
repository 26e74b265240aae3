// What the server says of a spec while it is typed: the same as it would say of a submit, and nothing is written.

import { fetchJson, Problem } from "../lib/api.js";
import { node, showError } from "../lib/dom.js";

const AFTER_MS = 400;

/** `homeless` takes errors that are about no single field, `verdict` what a legal spec would become. */
export class LiveValidation {
  constructor(homeless, verdict) {
    Object.assign(this, { homeless, verdict, timer: null, asking: null });
  }

  /** Judge it soon, unless something else is typed by then. */
  soon(form, spec) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.judge(form, spec), AFTER_MS);
  }

  async judge(form, spec) {
    this.asking?.abort();
    this.asking = new AbortController();
    try {
      const plan = await fetchJson("/v1/jobs:validate", { method: "POST", body: spec, signal: this.asking.signal });
      form.calm();
      this.homeless.textContent = "";
      this.verdict.replaceChildren(inWords(plan), ...plan.warnings.map(({ message }) => node("span", { className: "notice", textContent: message })));
    } catch (error) {
      if (error.name === "AbortError") return;
      if (error instanceof Problem) this.refused(form, error);
      else showError(error);
    }
  }

  /** Show what is wrong, each at its field; `look` brings the first into view. */
  refused(form, error, { look = false } = {}) {
    clearTimeout(this.timer);
    this.verdict.replaceChildren();
    const homeless = form.refuse(error.errors, { look });
    this.homeless.textContent = error.errors.length ? homeless.join(" ") : error.message;
  }
}

function inWords({ total_steps: steps, slots, children, waits_for: waits }) {
  const jobs = children.length ? ` It starts ${children.length} ${children.length === 1 ? "job" : "jobs"} of its own.` : "";
  const long = steps === null ? "" : ` ${steps.toLocaleString("en")} steps,`;
  const size = slots ? `Ready:${long} on ${slots} ${slots === 1 ? "slot" : "slots"}.` : "Ready.";
  return `${size}${jobs}${waits ? " It waits for its range test." : ""}`;
}
