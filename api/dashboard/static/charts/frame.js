// The parts that all charts share: colours of the theme, axes, and a frame that is redrawn when its size changes.

import { debounce } from "../lib/throttle.js";

const dark = matchMedia("(prefers-color-scheme: dark)");
const isTouched = matchMedia("(pointer: coarse)");

/** The theme's name, as the API's pictures take it. */
export const theme = () => (dark.matches ? "dark" : "light");

/**
 * A colour by its role: ink, muted, grid, blue, orange, green, red, purple, sky.
 *
 * @param {string} role
 */
export const colour = (role) => getComputedStyle(document.documentElement).getPropertyValue(`--plot-${role}`).trim();

/**
 * The same colour with an opacity.
 *
 * @param {string} role
 * @param {number} opacity
 */
export function translucent(role, opacity) {
  const [red, green, blue] = [1, 3, 5].map((place) => parseInt(colour(role).slice(place, place + 2), 16));
  return `rgba(${red}, ${green}, ${blue}, ${opacity})`;
}

// Moving a finger over a chart scrolls the page; dragging the mouse zooms.
const options = () => ({ displayModeBar: false, doubleClick: "reset", showTips: false });
export const dragmode = () => (isTouched.matches ? false : "zoom");

/** What the axes of all charts have in common. */
export const axis = (more = {}) => ({
  gridcolor: colour("grid"), linecolor: colour("grid"), zeroline: false, exponentformat: "none", separatethousands: true, automargin: true, ...more,
});

/**
 * The layout that all charts share.
 *
 * @param {Layout} more
 * @returns {Layout}
 */
export const layout = (more) => ({
  paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { color: colour("ink"), size: 12, family: "system-ui, sans-serif" },
  margin: { l: 56, r: 12, t: 8, b: 44 }, dragmode: dragmode(), hovermode: "x unified", hoverlabel: { bgcolor: colour("paper") },
  legend: { orientation: "h", x: 0, xanchor: "left", y: 1.01, yanchor: "bottom" }, ...more,
});

/**
 * Draw the chart, or update it. Its data attributes describe what was drawn: points of the longest line, largest x,
 * theme and width.
 *
 * @param {HTMLElement} place
 * @param {Trace[]} data
 * @param {Layout} shown
 */
export async function draw(place, data, shown) {
  const width = shown.width ?? Math.floor(place.clientWidth); // said, for Plotly keeps the width it once had
  await Plotly.react(place, data, { ...shown, width }, options());
  place.dataset.points = String(Math.max(0, ...data.map((trace) => trace.x.length)));
  place.dataset.until = String(Math.max(...data.map((trace) => trace.x.at(-1) ?? 0)));
  place.dataset.look = `${theme()} ${width}`;
}

/**
 * Call `redraw` when the chart's width or the theme changes.
 *
 * @param {HTMLElement} place
 * @param {() => void} redraw
 */
export function onResizeOrTheme(place, redraw) {
  let width = place.clientWidth;
  const later = debounce(redraw, 150);
  new ResizeObserver(() => {
    if (place.clientWidth === width) return;
    width = place.clientWidth;
    later();
  }).observe(place);
  dark.addEventListener("change", redraw);
}
