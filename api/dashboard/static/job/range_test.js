// The part of a job's page about an lr_find: its picture, its bounds in words, and the training that follows.

import { draw, onResizeOrTheme } from "../charts/frame.js";
import { rangeSliders } from "../charts/range_sliders.js";
import { serverFigure } from "../charts/server_figure.js";
import { fetchJson } from "../lib/api.js";
import { announce, byId, node, showError } from "../lib/dom.js";
import { number, percent } from "../lib/formatting.js";
import { throttle } from "../lib/throttle.js";
import { trainForm } from "./train_form.js";

const GRADES = {
  high: "The replicas agree, and the whole curve was seen.",
  medium: "Good enough to train with; more replicas would narrow it.",
  low: "A guess. Read the warnings before you train with it.",
  none: "No bounds can be defended, so none are given.",
};

/** Show an lr_find job; the answer's `update` is called with each new document of it. */
export function rangeTest(first) {
  let job = first;
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
      if (bounds?.bounds) handles.show();
    } catch (error) {
      showError(error);
    }
  }, 700);

  async function answer() {
    if (isAsked || job.status !== "succeeded") return;
    isAsked = true; // a second answer would overwrite what is typed meanwhile
    try {
      bounds = await fetchJson(`/v1/jobs/${job.id}/lr-bounds`);
    } catch (error) {
      isAsked = false;
      throw error;
    }
    byId("bounds").hidden = false;
    tell(bounds);
    if (!bounds.bounds) return;
    form.open(bounds);
    handles.limit(bounds.evidence.lr_range, bounds.bounds);
    handles.set(bounds.bounds);
    if (isPlaced) handles.show();
    announce(`Bounds found: base_lr ${number(bounds.bounds.base_lr)}, max_lr ${number(bounds.bounds.max_lr)}.`);
  }

  async function update(now) {
    job = now;
    try { await answer(); } catch (error) { showError(error); }
    redraw();
  }

  onResizeOrTheme(plot, redraw);
  return { update };
}

/** The answer in words: grade, both bounds with their intervals, warnings, other rules. */
function tell(document_) {
  const { bounds, confidence, warnings, alternatives, evidence, method } = document_;
  const { grade } = confidence;
  byId("grade").textContent = grade === "none" ? "no bounds" : `grade ${grade}`;
  byId("grade").className = `grade ${grade}`;
  byId("grade-words").textContent = GRADES[grade];
  byId("bounds-facts").replaceChildren(...(bounds ? ["max_lr", "base_lr"].flatMap((name) => fact(name, bounds[name], confidence)) : []));
  byId("refusal").hidden = bounds !== null;
  byId("test-again").href = `/new?clone=${document_.job_id}`;
  byId("bounds-warnings").replaceChildren(...warnings.map((one) => node("li", {}, one.message)));
  byId("bounds-warnings").hidden = warnings.length === 0;
  byId("rules").hidden = alternatives.length === 0;
  byId("rules").querySelector("tbody").replaceChildren(
    ...alternatives.map((one) => node("tr", {}, node("th", { scope: "row" }, one.method.replaceAll("_", " ")), node("td", {}, number(one.lr, 3)))),
  );
  const seen = [`${evidence.points} losses from ${number(evidence.lr_range[0], 3)} to ${number(evidence.lr_range[1], 3)}`];
  if (evidence.loss_min) seen.push(`lowest ${number(evidence.loss_min.loss, 3)} at ${number(evidence.loss_min.lr, 3)}`);
  seen.push(evidence.diverged_at ? `diverged at ${number(evidence.diverged_at, 3)}` : "did not diverge");
  byId("evidence").textContent = `Rule: ${method.replaceAll("_", " ")}. Seen: ${seen.join("; ")}.`;
}

function fact(name, value, confidence) {
  const interval = confidence[name];
  const range = interval ? `${percent(confidence.level, 0)} between ${number(interval.low, 3)} and ${number(interval.high, 3)}` : "no interval";
  return [node("dt", {}, name), node("dd", {}, node("strong", {}, number(value, 3)), node("span", { className: "muted" }, range))];
}
