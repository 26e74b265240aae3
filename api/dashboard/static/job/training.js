// The part of a job's page about a training: its live curves, in more detail when zoomed.

import { fetchCurves, lastValue } from "../charts/curve_data.js";
import { draw, onResizeOrTheme } from "../charts/frame.js";
import { fetchPlannedLr, findPhases } from "../charts/phases.js";
import { trainFigure } from "../charts/train_figure.js";
import { byId, node, showError, within } from "../lib/dom.js";
import { number, percent } from "../lib/formatting.js";
import { debounce, throttle } from "../lib/throttle.js";

const METRICS = ["val_loss", "val_accuracy", "generalisation_gap", "lr", "momentum"];
const MOST_POINTS = 1500;

/** @typedef {[from: number, to: number]} Range */

/** @type {Record<string, string>} */
const X_WORDS = { step: "steps", epoch: "epochs", time: "seconds of training" };

/**
 * Show a training; `update(job)` is called with each new document of it.
 *
 * @param {Job} first
 */
export function training(first) {
  let job = first;
  /** @type {Range | null} */
  let range = null; // in steps, both ends included; null for the whole run
  let revision = 0; // a zoom of the mouse is kept until one is asked for in another way
  /** @type {LrPlan | null} */
  let plan = null;
  let planOf = "";
  /** @type {PlotElement} */
  const plot = byId("train-plot");
  const view = byId("view", HTMLFormElement);
  byId("train").hidden = false;

  const perEpoch = () => job.resolved.steps_per_epoch ?? 1;
  /** Where a step lies; over seconds that is known to the server alone. */
  const asX = (/** @type {number} */ step) => (view.x.value === "epoch" ? (step + 1) / perEpoch() : step);
  /** The slider is a share of the whole run: a weight that falls to 1/e over so many steps. */
  function smoothing() {
    const steps = Math.round((Number(view.smoothing.value) / 100) * (job.progress.total_steps ?? 0));
    view.window.value = steps > 1 ? `${steps} steps` : "off";
    return steps > 1 ? 1 - 1 / steps : 0;
  }
  const asStep = (/** @type {number} */ x) => Math.round(view.x.value === "epoch" ? x * perEpoch() - 1 : x);

  async function plans() {
    const key = JSON.stringify([job.resolved.max_lr, job.resolved.base_lr, job.progress.total_steps]);
    if (key === planOf) return;
    plan = await fetchPlannedLr(job);
    planOf = key;
  }

  const redraw = throttle(async () => {
    try {
      await plans();
      const chosen = range;
      const asked = { x: view.x.value, maxPoints: MOST_POINTS, range: chosen && wider(chosen, job.progress.total_steps) };
      const [one, other] = await Promise.all([
        fetchCurves(job.id, { ...asked, metrics: ["train_loss"], smoothing: smoothing() }),
        fetchCurves(job.id, { ...asked, metrics: METRICS }),
      ]);
      await show(new Map([...one, ...other]), chosen);
    } catch (error) {
      showError(error);
    }
  }, 800);

  /**
   * @param {Curves} found
   * @param {Range | null} chosen
   */
  async function show(found, chosen) {
    tell(found, chosen);
    plot.hidden = !found.get("train_loss")?.raw;
    if (plot.hidden) return;
    const isNarrow = plot.clientWidth < 640;
    const planned = view.x.value === "time" ? null : plan; // when a step to come will be, nobody knows
    const seen = {
      found, revision, job, asX, isNarrow, plan: planned, shades: planned ? findPhases(planned) : [],
      xWords: X_WORDS[view.x.value], limits: planned && chosen ? chosen.map(asX) : null, isLog: view.log.checked,
    };
    const { data, shown } = trainFigure(seen);
    await draw(plot, data, shown);
    if (!plot.dataset.heard) hear();
  }

  /**
   * @param {Curves} found
   * @param {Range | null} chosen
   */
  function tell(found, chosen) {
    const train = found.get("train_loss")?.raw;
    const points = train?.x.length ?? 0;
    const last = { "training loss": lastValue(train), "validation loss": lastValue(found.get("val_loss")?.raw) };
    const words = Object.entries(last).filter(([, value]) => value !== null).map(([name, value]) => `${name} ${number(value, 3)}`);
    const none = job.is_terminal ? "It has no curves: it ended before its first step." : "No points yet.";
    byId("train-words").textContent = points ? `Last: ${words.join(", ")}.` : none;
    byId("shown").textContent = points ? `${points} points of the training loss ${chosen ? `around steps ${chosen[0]} to ${chosen[1]}` : `up to step ${train?.last?.step}`}.` : none;
  }

  /** A zoom of the mouse, heard from Plotly; the whole run is a double click. */
  function hear() {
    plot.dataset.heard = "yes";
    plot.on?.("plotly_relayout", (change) => {
      if (view.x.value === "time") return; // Plotly's own zoom will do
      const [from, to] = [change["xaxis.range[0]"], change["xaxis.range[1]"]];
      if (from !== undefined) zoom([asStep(from), asStep(to)]);
      else if (change["xaxis.autorange"]) zoom(null);
    });
  }

  const redrawSoon = debounce(redraw, 250);
  /** @param {Range | null} chosen */
  function zoom(chosen) {
    range = chosen && [Math.max(0, chosen[0]), Math.max(chosen[0] + 1, chosen[1])];
    view.from.value = range?.[0] ?? "";
    view.to.value = range?.[1] ?? "";
    byId("whole", HTMLButtonElement).disabled = range === null;
    redrawSoon();
  }

  view.addEventListener("submit", (event) => event.preventDefault());
  for (const name of ["x", "smoothing", "log"]) {
    view[name].addEventListener("input", () => {
      revision += 1;
      redrawSoon();
    });
  }
  for (const name of ["from", "to"]) {
    view[name].addEventListener("change", () => {
      const [from, to] = [view.from.value, view.to.value || job.progress.step];
      revision += 1;
      zoom(from === "" && view.to.value === "" ? null : [Number(from), Number(to)]);
    });
  }
  byId("whole").addEventListener("click", () => {
    revision += 1;
    zoom(null);
  });
  onResizeOrTheme(plot, redraw);

  /** @param {Job} now */
  function update(now) {
    job = now;
    if (job.result) result(job);
    redraw();
  }
  return { update };
}

/**
 * The range extended by half on each side, so that there is data after a small pan.
 *
 * @param {Range} range
 * @param {number | null} total
 * @returns {Range}
 */
function wider([from, to], total) {
  const more = Math.ceil((to - from) / 2);
  return [Math.max(0, from - more), Math.min(total ?? to, to + more)];
}

/** @param {Job} job */
function result({ result: { final, best, steps, total_steps: total, stopped_early: early, steps_to_target: reached }, spec }) {
  /** @type {(name: string, value: number) => string} */
  const shown = (name, value) => (name === "val_accuracy" ? percent(value, 1) : number(value, 3));
  /** @type {[string, number][]} */
  const ends = Object.entries(final ?? {});
  const facts = ends.map(([name, value]) => [`final ${name.replaceAll("_", " ")}`, shown(name, value)]);
  const judged = spec.early_stop?.metric ?? "val_loss";
  if (best) facts.push([`best ${judged.replaceAll("_", " ")}`, `${shown(judged, best.value)} after ${best.step} steps`]);
  facts.push(["steps", early ? `${steps} of ${total}, stopped early` : String(steps)]);
  if (spec.early_stop) facts.push([`steps to ${spec.early_stop.target}`, reached ?? "not reached"]);
  byId("outcome").hidden = false;
  within(byId("outcome"), "dl").replaceChildren(...facts.flatMap(([name, value]) => [node("dt", {}, name), node("dd", {}, node("strong", {}, String(value)))]));
}
