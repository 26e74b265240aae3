// Validates a spec on the server while the user types, exactly as a submission would, without creating a job.

import { fetchJson, Problem } from "../lib/api.js";
import { node, showError } from "../lib/dom.js";

/** @typedef {import("./spec_form.js").SpecForm} SpecForm */

const AFTER_MS = 400;

export class LiveValidation {
  /**
   * @param {HTMLElement} homeless Takes errors that are about no single field.
   * @param {HTMLElement} verdict Takes what a legal spec would become.
   */
  constructor(homeless, verdict) {
    this.homeless = homeless;
    this.verdict = verdict;
    /** @type {number | undefined} */
    this.timer = undefined;
    /** @type {AbortController | null} */
    this.asking = null;
  }

  /**
   * Validate a spec soon, unless the user types more before that.
   *
   * @param {SpecForm} form
   * @param {Json} spec
   */
  soon(form, spec) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.validate(form, spec), AFTER_MS);
  }

  /**
   * @param {SpecForm} form
   * @param {Json} spec
   */
  async validate(form, spec) {
    this.asking?.abort();
    this.asking = new AbortController();
    try {
      /** @type {Validation} */
      const plan = await fetchJson("/v1/jobs:validate", { method: "POST", body: spec, signal: this.asking.signal });
      form.calm();
      this.homeless.textContent = "";
      this.verdict.replaceChildren(inWords(plan), ...plan.warnings.map(({ message }) => node("span", { className: "notice", textContent: message })));
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") return;
      if (error instanceof Problem) this.refused(form, error);
      else showError(error);
    }
  }

  /**
   * Show each error at its field; `look` scrolls to the first.
   *
   * @param {SpecForm} form
   * @param {Problem} error
   */
  refused(form, error, { look = false } = {}) {
    clearTimeout(this.timer);
    this.verdict.replaceChildren();
    const homeless = form.refuse(error.errors, { look });
    this.homeless.textContent = error.errors.length ? homeless.join(" ") : error.message;
  }
}

/** @param {Validation} plan */
function inWords({ total_steps: steps, slots, children, waits_for: waits }) {
  const jobs = children.length ? ` It starts ${children.length} ${children.length === 1 ? "job" : "jobs"} of its own.` : "";
  const long = steps === null ? "" : ` ${steps.toLocaleString("en")} steps,`;
  const size = slots ? `Ready:${long} on ${slots} ${slots === 1 ? "slot" : "slots"}.` : "Ready.";
  return `${size}${jobs}${waits ? " It waits for its range test." : ""}`;
}
