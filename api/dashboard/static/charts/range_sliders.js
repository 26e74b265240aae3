// Two slider handles on a log axis of learning rates, for mouse, touch, keyboard and screen readers.

import { node } from "../lib/dom.js";
import { number } from "../lib/formatting.js";

/** @typedef {keyof Bounds} Name */
/** @type {Name[]} */
const NAMES = ["base_lr", "max_lr"];
const STEP = 0.02; // decades: a press of an arrow key
const LEAP = 0.2; // of a page key
const APART = 0.02; // decades that base_lr stays below max_lr
const DIGITS = 3;

const rounded = (/** @type {number} */ decade) => Number((10 ** decade).toPrecision(DIGITS));

/**
 * Slider handles over a Plotly chart whose x axis is the log of a learning rate.
 *
 * @param {HTMLElement} frame  lies exactly over the chart
 * @param {PlotElement} plot  the chart
 * @param {(chosen: Bounds) => void} moved  called while a grip moves
 */
export function rangeSliders(frame, plot, moved) {
  const at = { base_lr: 0, max_lr: 0 }; // decades
  const measured = { ...at };
  let [lowest, highest] = [-8, 2];
  const cycle = node("div", { className: "grip-cycle" });
  const made = { base_lr: grip("base_lr"), max_lr: grip("max_lr") };
  const layer = node("div", { className: "grips", hidden: true }, cycle, made.base_lr, made.max_lr);
  frame.append(layer);

  /** @param {Name} name */
  function grip(name) {
    const one = node("div", { className: `grip ${name}`, tabIndex: 0, role: "slider", "aria-label": `${name}, on the chart` }, node("span", { "aria-hidden": "true" }, name));
    one.addEventListener("keydown", (event) => pressed(name, event));
    one.addEventListener("pointerdown", (event) => {
      one.setPointerCapture(event.pointerId);
      event.preventDefault();
      one.focus();
    });
    one.addEventListener("pointermove", (event) => {
      if (one.hasPointerCapture(event.pointerId)) move(name, decadeAt(event.clientX));
    });
    return one;
  }

  /**
   * @param {Name} name
   * @param {KeyboardEvent} event
   */
  function pressed(name, event) {
    /** @type {Record<string, number>} */
    const keys = { ArrowRight: STEP, ArrowUp: STEP, ArrowLeft: -STEP, ArrowDown: -STEP, PageUp: LEAP, PageDown: -LEAP };
    const by = keys[event.key];
    if (by === undefined) return;
    event.preventDefault();
    move(name, at[name] + by);
  }

  /**
   * @param {Name} name
   * @param {number} decade
   */
  function move(name, decade) {
    const [low, high] = name === "base_lr" ? [lowest, at.max_lr - APART] : [at.base_lr + APART, highest];
    at[name] = Math.log10(rounded(Math.min(high, Math.max(low, decade))));
    place();
    moved(chosen());
  }

  const chosen = () => ({ base_lr: rounded(at.base_lr), max_lr: rounded(at.max_lr) });

  // Plotly has no public API to convert data to pixels; these properties have been stable for ten years.
  const axis = () => plot._fullLayout.xaxis;
  const pixelOf = (/** @type {number} */ decade) => axis()._offset + axis().l2p(decade);
  const decadeAt = (/** @type {number} */ clientX) => axis().p2l(clientX - plot.getBoundingClientRect().left - axis()._offset);

  function place() {
    if (!plot._fullLayout) return;
    const { _offset: top, _length: height } = plot._fullLayout.yaxis;
    layer.style.top = `${top}px`;
    layer.style.height = `${height}px`;
    cycle.hidden = NAMES.every((name) => at[name] === measured[name]);
    for (const name of NAMES) {
      made[name].style.left = `${pixelOf(at[name])}px`;
      made[name].setAttribute("aria-valuemin", lowest.toFixed(2));
      made[name].setAttribute("aria-valuemax", highest.toFixed(2));
      made[name].setAttribute("aria-valuenow", at[name].toFixed(2));
      made[name].setAttribute("aria-valuetext", number(10 ** at[name]));
    }
    cycle.style.left = `${pixelOf(at.base_lr)}px`;
    cycle.style.width = `${pixelOf(at.max_lr) - pixelOf(at.base_lr)}px`;
  }

  return {
    place,
    show() { layer.hidden = false; place(); },
    /**
     * @param {[low: number, high: number]} range
     * @param {Bounds} bounds
     */
    limit([low, high], bounds) {
      [lowest, highest] = [Math.log10(low), Math.log10(high)];
      for (const name of NAMES) measured[name] = Math.log10(bounds[name]);
    },
    /** @param {Bounds} rates */
    set(rates) {
      for (const name of NAMES) at[name] = Math.log10(rates[name]);
      place();
    },
  };
}
