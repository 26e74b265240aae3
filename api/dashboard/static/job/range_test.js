// The part of a job's page about an lr_find: its picture, its bounds in words, and the training that follows.

import { draw, onChange } from "../charts/frame.js";
import { grips } from "../charts/range_sliders.js";
import { serverFigure } from "../charts/server_figure.js";
import { ask, node, say, trouble } from "../lib/api.js";
import { number, percent } from "../lib/formatting.js";
import { paced } from "../lib/throttle.js";
import { trainForm } from "./train_form.js";

const GRADES = {
  high: "The replicas agree, and the whole curve was seen.",
  medium: "Good enough to train with; more replicas would narrow it.",
  low: "A guess. Read the warnings before you train with it.",
  none: "No bounds can be defended, so none are given.",
};
const at = (id) => document.getElementById(id);

/** Show an lr_find job; the answer's `update` is called with each new document of it. */
export function rangeTest(first) {
  let job = first;
  let bounds = null;
  let isAsked = false;
  let isPlaced = false;
  const plot = at("range-plot");
  at("lr-find").hidden = false;
  const form = trainForm(first, (chosen) => handles.set(chosen));
  const handles = grips(at("range-frame"), plot, (chosen) => form.set(chosen));

  const redraw = paced(async () => {
    try {
      const figure = await serverFigure(job.id, plot, 0.55);
      await draw(plot, figure.data, figure.layout);
      at("range-words").textContent = figure.words;
      handles.place();
      isPlaced = true;
      if (bounds?.bounds) handles.show();
    } catch (error) {
      trouble(error);
    }
  }, 700);

  async function answer() {
    if (isAsked || job.status !== "succeeded") return;
    isAsked = true; // a second answer would overwrite what is typed meanwhile
    try {
      bounds = await ask(`/v1/jobs/${job.id}/lr-bounds`);
    } catch (error) {
      isAsked = false;
      throw error;
    }
    at("bounds").hidden = false;
    tell(bounds);
    if (!bounds.bounds) return;
    form.open(bounds);
    handles.limit(bounds.evidence.lr_range, bounds.bounds);
    handles.set(bounds.bounds);
    if (isPlaced) handles.show();
    say(`Bounds found: base_lr ${number(bounds.bounds.base_lr)}, max_lr ${number(bounds.bounds.max_lr)}.`);
  }

  async function update(now) {
    job = now;
    try { await answer(); } catch (error) { trouble(error); }
    redraw();
  }

  onChange(plot, redraw);
  return { update };
}

/** The answer in words: grade, both bounds with their intervals, warnings, other rules. */
function tell(document_) {
  const { bounds, confidence, warnings, alternatives, evidence, method } = document_;
  const { grade } = confidence;
  at("grade").textContent = grade === "none" ? "no bounds" : `grade ${grade}`;
  at("grade").className = `grade ${grade}`;
  at("grade-words").textContent = GRADES[grade];
  at("bounds-facts").replaceChildren(...(bounds ? ["max_lr", "base_lr"].flatMap((name) => fact(name, bounds[name], confidence)) : []));
  at("refusal").hidden = bounds !== null;
  at("test-again").href = `/new?clone=${document_.job_id}`;
  at("bounds-warnings").replaceChildren(...warnings.map((one) => node("li", {}, one.message)));
  at("bounds-warnings").hidden = warnings.length === 0;
  at("rules").hidden = alternatives.length === 0;
  at("rules").querySelector("tbody").replaceChildren(
    ...alternatives.map((one) => node("tr", {}, node("th", { scope: "row" }, one.method.replaceAll("_", " ")), node("td", {}, number(one.lr, 3)))),
  );
  const seen = [`${evidence.points} losses from ${number(evidence.lr_range[0], 3)} to ${number(evidence.lr_range[1], 3)}`];
  if (evidence.loss_min) seen.push(`lowest ${number(evidence.loss_min.loss, 3)} at ${number(evidence.loss_min.lr, 3)}`);
  seen.push(evidence.diverged_at ? `diverged at ${number(evidence.diverged_at, 3)}` : "did not diverge");
  at("evidence").textContent = `Rule: ${method.replaceAll("_", " ")}. Seen: ${seen.join("; ")}.`;
}

function fact(name, value, confidence) {
  const interval = confidence[name];
  const range = interval ? `${percent(confidence.level, 0)} between ${number(interval.low, 3)} and ${number(interval.high, 3)}` : "no interval";
  return [node("dt", {}, name), node("dd", {}, node("strong", {}, number(value, 3)), node("span", { className: "muted" }, range))];
}
