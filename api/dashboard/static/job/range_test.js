// The part of a job's page about a range test: its figure, its bounds as text, and the form for a training.

import { draw, onResizeOrTheme } from "../charts/frame.js";
import { rangeSliders } from "../charts/range_sliders.js";
import { serverFigure } from "../charts/server_figure.js";
import { fetchJson } from "../lib/api.js";
import { announce, byId, node, showError, within } from "../lib/dom.js";
import { number, percent } from "../lib/formatting.js";
import { throttle } from "../lib/throttle.js";
import { trainForm } from "./train_form.js";

const GRADES = {
  high: "The replicas agree, and the whole curve was seen.",
  medium: "Good enough to train with; more replicas would narrow it.",
  low: "A guess. Read the warnings before you train with it.",
  none: "No bounds can be defended, so none are given.",
};

/**
 * Show an lr_find job; `update(job)` is called with each new document of it.
 *
 * @param {Job} first
 */
export function rangeTest(first) {
  let job = first;
  /** @type {Bounds | null} */
  let bounds = null;
  let isAsked = false;
  let isPlaced = false;
  const plot = byId("range-plot");
  byId("lr-find").hidden = false;
  const form = trainForm(first, (chosen) => handles.set(chosen));
  const handles = rangeSliders(byId("range-frame"), plot, (chosen) => form.set(chosen));

  const redraw = throttle(async () => {
    try {
      const figure = await serverFigure(job.id, plot, 0.55);
      await draw(plot, figure.data, figure.layout);
      byId("range-words").textContent = figure.words;
      handles.place();
      isPlaced = true;
      if (bounds) handles.show();
    } catch (error) {
      showError(error);
    }
  }, 700);

  async function answer() {
    if (isAsked || job.status !== "succeeded") return;
    isAsked = true; // a second answer would overwrite what is typed meanwhile
    /** @type {LrBounds} */
    const found = await fetchJson(`/v1/jobs/${job.id}/lr-bounds`).catch((error) => {
      isAsked = false;
      throw error;
    });
    byId("bounds").hidden = false;
    tell(found);
    bounds = found.bounds;
    if (!bounds) return;
    form.open(bounds);
    handles.limit(found.evidence.lr_range, bounds);
    handles.set(bounds);
    if (isPlaced) handles.show();
    announce(`Bounds found: base_lr ${number(bounds.base_lr)}, max_lr ${number(bounds.max_lr)}.`);
  }

  /** @param {Job} now */
  async function update(now) {
    job = now;
    try { await answer(); } catch (error) { showError(error); }
    redraw();
  }

  onResizeOrTheme(plot, redraw);
  return { update };
}

/**
 * The bounds as text: grade, both bounds with their intervals, warnings, other rules.
 *
 * @param {LrBounds} document_
 */
function tell(document_) {
  const { bounds, confidence, warnings, alternatives, evidence, method } = document_;
  const { grade } = confidence;
  byId("grade").textContent = grade === "none" ? "no bounds" : `grade ${grade}`;
  byId("grade").className = `grade ${grade}`;
  byId("grade-words").textContent = GRADES[grade];
  byId("bounds-facts").replaceChildren(...(bounds ? [...fact("max_lr", bounds, confidence), ...fact("base_lr", bounds, confidence)] : []));
  byId("refusal").hidden = bounds !== null;
  byId("test-again", HTMLAnchorElement).href = `/new?clone=${document_.job_id}`;
  byId("bounds-warnings").replaceChildren(...warnings.map((one) => node("li", {}, one.message)));
  byId("bounds-warnings").hidden = warnings.length === 0;
  byId("rules").hidden = alternatives.length === 0;
  within(byId("rules"), "tbody").replaceChildren(
    ...alternatives.map((one) => node("tr", {}, node("th", { scope: "row" }, one.method.replaceAll("_", " ")), node("td", {}, number(one.lr, 3)))),
  );
  const seen = [`${evidence.points} losses from ${number(evidence.lr_range[0], 3)} to ${number(evidence.lr_range[1], 3)}`];
  if (evidence.loss_min) seen.push(`lowest ${number(evidence.loss_min.loss, 3)} at ${number(evidence.loss_min.lr, 3)}`);
  seen.push(evidence.diverged_at ? `diverged at ${number(evidence.diverged_at, 3)}` : "did not diverge");
  byId("evidence").textContent = `Rule: ${method.replaceAll("_", " ")}. Seen: ${seen.join("; ")}.`;
}

/**
 * @param {keyof Bounds} name
 * @param {Bounds} bounds
 * @param {Confidence} confidence
 */
function fact(name, bounds, confidence) {
  const interval = confidence[name];
  const range = interval ? `${percent(confidence.level, 0)} between ${number(interval.low, 3)} and ${number(interval.high, 3)}` : "no interval";
  return [node("dt", {}, name), node("dd", {}, node("strong", {}, number(bounds[name], 3)), node("span", { className: "muted" }, range))];
}
