// The API's figure of a job, for a page that shows title, verdict and notes as text.

import { fetchJson } from "../lib/api.js";
import { theme } from "./frame.js";

const NARROW = 640;

/** @typedef {{data: Trace[], layout: Layout, words: string}} Figure */

/**
 * A job's figure, as wide as `place`; its height is `shape` times its width.
 *
 * @param {string} id
 * @param {HTMLElement} place
 * @param {number} shape
 * @returns {Promise<Figure>}
 */
export async function serverFigure(id, place, shape) {
  const width = Math.floor(place.clientWidth);
  const height = Math.max(420, Math.min(640, Math.round(width * shape)));
  const asked = Math.max(320, Math.min(2400, width));
  const { data, layout } = await fetchJson(`/v1/jobs/${id}/plot.json?theme=${theme()}&width=${asked}&height=${height}`);
  const figure = { data, layout: { ...plain(layout), width }, words: layout.meta.description };
  return width < NARROW ? narrow(figure) : figure;
}

/**
 * Removes the texts that the page shows already, and the zoom.
 *
 * @param {Layout} layout
 * @returns {Layout}
 */
function plain(layout) {
  const { title: _, ...rest } = layout;
  const axes = Object.entries(rest).filter(([name]) => /^[xy]axis/.test(name)).map(([name, axis]) => [name, { ...axis, fixedrange: true }]);
  const shown = { ...rest, ...Object.fromEntries(axes) };
  return {
    ...shown, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", dragmode: false,
    font: { ...layout.font, family: "system-ui, sans-serif" }, margin: { l: 60, r: 24, t: 12, b: 48 },
    annotations: layout.annotations.filter((/** @type {Layout} */ one) => one.xref === "x"), xaxis: { ...shown.xaxis, exponentformat: "e" },
  };
}

/**
 * A tick for every second decade, if there are many.
 *
 * @param {Layout} axis
 */
const few = ({ range }) => (range && range[1] - range[0] > 4 ? { dtick: 2 } : {});

/**
 * Only the first panel, with its legend below: the page has a table instead of the rows.
 *
 * @param {Figure} figure
 * @returns {Figure}
 */
function narrow({ data, layout, words }) {
  const rest = Object.fromEntries(Object.entries(layout).filter(([name]) => !/^yaxis\d/.test(name)));
  const shown = {
    ...rest, height: 460, annotations: [], shapes: layout.shapes.filter((/** @type {Layout} */ shape) => shape.yref === "y domain"), font: { ...layout.font, size: 11 },
    margin: { l: 36, r: 4, t: 8, b: 40 }, legend: { orientation: "h", x: 0, xanchor: "left", y: -0.2, yanchor: "top" },
    xaxis: { ...layout.xaxis, anchor: "y", ...few(layout.xaxis) }, yaxis: { ...layout.yaxis, domain: [0, 1], title: { text: "" } },
  };
  return { data: data.filter((trace) => trace.yaxis === "y"), layout: shown, words };
}
