// Two grips on a log axis of learning rates: for the mouse, a finger, the keyboard, and screen readers.

import { node } from "../lib/dom.js";
import { number } from "../lib/formatting.js";

const NAMES = ["base_lr", "max_lr"];
const STEP = 0.02; // decades: a press of an arrow key
const LEAP = 0.2; // of a page key
const APART = 0.02; // decades that base_lr stays below max_lr
const DIGITS = 3;

const rounded = (decade) => Number((10 ** decade).toPrecision(DIGITS));

/**
 * Grips over a chart of Plotly whose x axis is the log of a learning rate.
 *
 * @param {HTMLElement} frame  lies exactly over the chart
 * @param {HTMLElement} plot  the chart
 * @param {(chosen: {base_lr: number, max_lr: number}) => void} moved  called while a grip moves
 */
export function rangeSliders(frame, plot, moved) {
  const at = { base_lr: 0, max_lr: 0 }; // decades
  const measured = { ...at };
  let [lowest, highest] = [-8, 2];
  const cycle = node("div", { className: "grip-cycle" });
  const made = Object.fromEntries(NAMES.map((name) => [name, grip(name)]));
  const layer = node("div", { className: "grips", hidden: true }, cycle, made.base_lr, made.max_lr);
  frame.append(layer);

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

  function pressed(name, event) {
    const by = { ArrowRight: STEP, ArrowUp: STEP, ArrowLeft: -STEP, ArrowDown: -STEP, PageUp: LEAP, PageDown: -LEAP }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    move(name, at[name] + by);
  }

  function move(name, decade) {
    const [low, high] = name === "base_lr" ? [lowest, at.max_lr - APART] : [at.base_lr + APART, highest];
    at[name] = Math.log10(rounded(Math.min(high, Math.max(low, decade))));
    place();
    moved(chosen());
  }

  const chosen = () => Object.fromEntries(NAMES.map((name) => [name, rounded(at[name])]));

  // Plotly has no public way from data to pixels; these have been where they are for ten years.
  const axis = () => plot._fullLayout.xaxis;
  const pixelOf = (decade) => axis()._offset + axis().l2p(decade);
  const decadeAt = (clientX) => axis().p2l(clientX - plot.getBoundingClientRect().left - axis()._offset);

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
    limit([low, high], bounds) {
      [lowest, highest] = [Math.log10(low), Math.log10(high)];
      for (const name of NAMES) measured[name] = Math.log10(bounds[name]);
    },
    set(rates) {
      for (const name of NAMES) at[name] = Math.log10(rates[name]);
      place();
    },
  };
}
