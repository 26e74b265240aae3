// Several trainings side by side; their ids are in the URL.

import { compareFigure, ROLES } from "../charts/compare_figure.js";
import { fetchCurves } from "../charts/curve_data.js";
import { colour, draw, onResizeOrTheme } from "../charts/frame.js";
import { fetchJson } from "../lib/api.js";
import { byId, node, showError, within } from "../lib/dom.js";
import { duration, jobName, number, percent } from "../lib/formatting.js";
import { secondsBetween } from "../lib/job_status_text.js";
import { debounce, throttle } from "../lib/throttle.js";

const METRICS = ["val_accuracy", "val_loss", "lr"];
const SMOOTH_SHARE = 0.02; // of a training's steps
/** @type {Record<string, string>} */
const X_WORDS = { step: "steps", epoch: "epochs", time: "seconds of training" };
const MOST = 12;
const AGAIN_MS = 3000;
const HEAD = ["Training", "Schedule", "Peak LR", "Final accuracy", "Best accuracy", "Steps", "Took", "Steps to target", "Seconds to target", "Times fewer"];
const view = byId("view", HTMLFormElement);
const targetField = /** @type {HTMLInputElement} */ (view.elements.namedItem("target"));
const plot = byId("overlay-plot");
const ids = [...new Set((new URLSearchParams(location.search).get("jobs") ?? "").split(",").filter(Boolean))].slice(0, MOST);

/**
 * A training, its curves, and its accuracy by steps and by seconds.
 *
 * @typedef {{job: Job, name: string, found: Curves, accuracy?: Series, seconds?: Series}} Arm
 */

/**
 * @param {string} id
 * @returns {Promise<Arm>}
 */
async function armOf(id) {
  /** @type {Job} */
  const job = await fetchJson(`/v1/jobs/${id}`);
  const steps = Math.round(SMOOTH_SHARE * (job.progress.total_steps ?? 0));
  const asked = { x: view.x.value, maxPoints: 600 };
  const accuracy = { metrics: ["val_accuracy"], maxPoints: 2000 };
  const [measured, train, bySteps, byTime] = await Promise.all([
    fetchCurves(id, { ...asked, metrics: METRICS }),
    fetchCurves(id, { ...asked, metrics: ["train_loss"], smoothing: steps > 1 ? 1 - 1 / steps : 0 }),
    fetchCurves(id, accuracy),
    fetchCurves(id, { ...accuracy, x: "time" }),
  ]);
  return { job, name: jobName(job), found: new Map([...measured, ...train]), accuracy: bySteps.get("val_accuracy")?.raw, seconds: byTime.get("val_accuracy")?.raw };
}

/**
 * The highest accuracy of a training, or null if it has none.
 *
 * @param {Arm} arm
 */
function best({ accuracy }) {
  const measured = (accuracy?.y ?? []).filter((value) => value !== null);
  return measured.length ? Math.max(...measured) : null;
}

/**
 * The x at which a series first reached the target, or null.
 *
 * @param {number | null} target
 * @param {Series} [series]
 */
function firstAt(target, series) {
  if (!series || target === null) return null;
  return series.x[series.y.findIndex((value) => value !== null && value >= target)] ?? null;
}

/**
 * The number of steps until a training reached the target.
 *
 * @param {number | null} target
 * @param {Arm} arm
 */
function stepsTo(target, { accuracy }) {
  const step = firstAt(target, accuracy);
  return step === null ? null : step + 1;
}

const redraw = throttle(async () => {
  try {
    const arms = await Promise.all(ids.map(armOf));
    if (!targetField.value) {
      const reached = arms.map(best).filter((value) => value !== null);
      if (reached.length) targetField.value = String(Math.floor(1000 * Math.min(...reached)) / 10);
    }
    const target = targetField.value ? Number(targetField.value) / 100 : null;
    const xWords = X_WORDS[view.x.value];
    const { data, shown } = compareFigure(arms, { xWords, isLog: view.log.checked, target, isNarrow: plot.clientWidth < 640 });
    byId("overlay").hidden = false;
    await draw(plot, data, shown);
    tell(arms, target);
    if (arms.some(({ job }) => !job.is_terminal) && !document.hidden) setTimeout(redraw, AGAIN_MS);
  } catch (error) {
    showError(error);
  }
}, 500);

/**
 * @param {Arm[]} arms
 * @param {number | null} target
 */
function tell(arms, target) {
  const slowest = stepsTo(target, arms[0]);
  within(byId("results"), "thead").replaceChildren(node("tr", {}, ...HEAD.map((words) => node("th", { scope: "col" }, words))));
  within(byId("results"), "tbody").replaceChildren(...arms.map((arm, place) => row(arm, place, target, slowest)));
  const words = arms.map((arm) => `${arm.name}: best accuracy ${percent(best(arm) ?? 0, 1)}`);
  byId("overlay-words").textContent = `${words.join("; ")}.`;
}

/**
 * @param {Arm} arm
 * @param {number} place
 * @param {number | null} target
 * @param {number | null} ofFirst
 */
function row(arm, place, target, ofFirst) {
  const { job, name } = arm;
  const steps = stepsTo(target, arm);
  const fewer = place === 0 ? "the first" : steps && ofFirst ? `${number(ofFirst / steps, 3)}×` : "–";
  const swatch = node("span", { className: "swatch", "aria-hidden": "true" });
  swatch.style.background = colour(ROLES[place % ROLES.length]);
  const share = (/** @type {number | null | undefined} */ value) => (value === null || value === undefined ? "–" : percent(value, 1));
  const cells = [
    job.spec.schedule?.name ?? job.kind, number(job.resolved.max_lr, 3), share(job.result?.final?.val_accuracy ?? job.latest.val_accuracy), share(best(arm)),
    String(job.progress.step), duration(secondsBetween(job.started_at, job.finished_at)), steps === null ? "not reached" : String(steps),
    duration(firstAt(target, arm.seconds)), fewer,
  ];
  return node("tr", {}, node("th", { scope: "row" }, swatch, node("a", { href: `/jobs/${job.id}` }, name)), ...cells.map((cell) => node("td", {}, cell)));
}

async function choices() {
  /** @type {{data: Job[]}} */
  const { data } = await fetchJson("/v1/jobs?kind=train&limit=30");
  byId("none").hidden = data.length > 0;
  byId("choose").hidden = data.length === 0;
  within(byId("choose"), "fieldset").append(...data.map((job) => {
    const box = node("input", { type: "checkbox", name: "job", value: job.id, checked: ids.includes(job.id) });
    const words = `${jobName(job)} · ${job.spec.schedule?.name ?? ""} · ${job.status}`;
    return node("label", { className: "check" }, box, words);
  }));
}

byId("choose").addEventListener("submit", (event) => {
  event.preventDefault();
  const chosen = new FormData(byId("choose", HTMLFormElement)).getAll("job").map(String);
  const kept = ids.filter((id) => chosen.includes(id));
  location.assign(`/compare?jobs=${[...kept, ...chosen.filter((id) => !kept.includes(id))].join(",")}`);
});
view.addEventListener("submit", (event) => event.preventDefault());
view.addEventListener("input", debounce(redraw, 250));

choices().catch(showError);
if (ids.length) {
  onResizeOrTheme(plot, redraw);
  redraw();
}
