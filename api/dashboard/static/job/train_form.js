// "Train with these bounds": the form that starts a training with measured or changed bounds.

import { snippet } from "../forms/snippets.js";
import { fetchJson } from "../lib/api.js";
import { byId, showError, within } from "../lib/dom.js";
import { number } from "../lib/formatting.js";

/** @type {(keyof Bounds)[]} */
const RATES = ["base_lr", "max_lr"];
const LARGEST = 1e6;
const NUDGE = 1.1; // what an arrow key multiplies a rate by

/**
 * The fields of each schedule in the form, beside the peak.
 *
 * @type {Record<string, (rates: Bounds, epochs: number) => Json>}
 */
const SCHEDULES = {
  one_cycle: (rates) => ({ name: "one_cycle", max_lr: rates.max_lr, div_factor: rates.max_lr / rates.base_lr }),
  triangular: (rates, epochs) => ({ name: "triangular", ...rates, step_size_epochs: epochs / 4 }),
  triangular2: (rates, epochs) => ({ name: "triangular2", ...rates, step_size_epochs: epochs / 6 }),
  cosine: (rates) => ({ name: "cosine", lr: rates.max_lr }),
  constant: (rates) => ({ name: "constant", lr: rates.max_lr }),
};
const WHAT_FOLLOWS = ["base_lr", "div_factor"]; // left out, these come from the bounds too

/**
 * The spec of a training; if the bounds are the measured ones, it names their job.
 *
 * @param {Job} job
 * @param {{rates: Bounds, measured: Bounds, schedule: string, epochs: number}} chosen
 */
export function trainingSpec(job, { rates, measured, schedule, epochs }) {
  const isMeasured = RATES.every((name) => rates[name] === measured[name]);
  const asked = SCHEDULES[schedule](rates, epochs);
  const common = { kind: "train", epochs, seed: job.spec.seed ?? 0, name: job.name ? `${job.name}: ${schedule}` : "", labels: job.labels };
  if (!isMeasured) return { ...common, conditions: job.spec.conditions, schedule: asked };
  const peak = "lr" in asked ? "lr" : "max_lr";
  const kept = Object.entries(asked).filter(([name]) => !WHAT_FOLLOWS.includes(name));
  return { ...common, schedule: { ...Object.fromEntries(kept), [peak]: { from_job: job.id } } };
}

/**
 * The form, hidden until `open(bounds)` is called; `moved` is called with both rates when the user has typed one.
 *
 * @param {Job} job
 * @param {(rates: Bounds) => void} moved
 */
export function trainForm(job, moved) {
  const form = byId("train-form", HTMLFormElement);
  /** @type {Bounds} */
  let measured = { base_lr: 0, max_lr: 0 };
  let rates = measured;

  byId("more-options", HTMLAnchorElement).href = `/new?kind=train&from_job=${job.id}`;

  const spec = () => trainingSpec(job, { rates, measured, schedule: form.schedule.value, epochs: Number(form.epochs.value) });

  function show() {
    const isMeasured = RATES.every((name) => rates[name] === measured[name]);
    byId("as-measured").hidden = isMeasured;
    byId("moved").textContent = isMeasured ? "As measured." : `Moved; measured were ${number(measured.base_lr)} and ${number(measured.max_lr)}.`;
    byId("train-request").textContent = snippet("curl", spec());
  }

  /** @param {Bounds} chosen */
  function set(chosen) {
    rates = chosen;
    for (const name of RATES) form[name].value = number(rates[name], 4);
    check();
    show();
  }

  function typed() {
    const read = { base_lr: rateOf("base_lr"), max_lr: rateOf("max_lr") };
    if (!check(read)) return;
    rates = read;
    moved(rates);
    show();
  }

  /** Whether a request can be made of what was typed; says what is in the way. */
  function check(read = rates) {
    const epochs = Number(form.epochs.value);
    let wrong = RATES.find((name) => !(read[name] > 0 && read[name] <= LARGEST)) ? "A learning rate is a number above 0." : "";
    if (read.base_lr >= read.max_lr) wrong = `max_lr must be above base_lr, ${number(read.base_lr)}.`;
    if (!(epochs > 0)) wrong = "Epochs must be a number above 0.";
    byId("form-trouble").hidden = wrong === "";
    byId("form-trouble").textContent = wrong;
    return wrong === "";
  }

  /**
   * The rate of a field. It shows four digits; if they are those of the measured rate, the rate is the measured one.
   *
   * @param {keyof Bounds} name
   */
  function rateOf(name) {
    const shown = Number(form[name].value);
    return shown === Number(number(measured[name], 4)) ? measured[name] : shown;
  }

  for (const name of RATES) {
    form[name].addEventListener("input", typed);
    form[name].addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
      event.preventDefault();
      form[name].value = number(Number(form[name].value) * (event.key === "ArrowUp" ? NUDGE : 1 / NUDGE), 3);
      typed();
    });
  }
  for (const name of ["schedule", "epochs"]) form[name].addEventListener("input", () => { if (check()) show(); });
  byId("as-measured").addEventListener("click", () => { set({ ...measured }); moved(rates); });

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!byId("form-trouble").hidden) return;
    showError();
    const button = within(form, ".primary", HTMLButtonElement);
    button.disabled = true;
    try {
      const made = await fetchJson("/v1/jobs", { method: "POST", body: spec() });
      location.assign(`/jobs/${made.id}`);
    } catch (error) {
      button.disabled = false;
      showError(error);
      byId("trouble").scrollIntoView({ block: "center" });
    }
  });

  return {
    set,
    /** @param {Bounds} bounds */
    open(bounds) {
      measured = { ...bounds };
      set({ ...measured });
      form.hidden = false;
    },
  };
}
