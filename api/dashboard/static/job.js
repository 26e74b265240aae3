import { ask, trouble } from "./api.js";

const id = location.pathname.split("/")[2];
const plot = document.getElementById("plot");

async function draw() {
  const theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  const width = Math.max(320, Math.min(2400, Math.floor(plot.clientWidth)));
  const figure = await ask(`/v1/jobs/${id}/plot.json?theme=${theme}&width=${width}`);
  await Plotly.react(plot, figure.data, { ...figure.layout, uirevision: id }, { displaylogo: false, responsive: true });
}

try {
  const job = await ask(`/v1/jobs/${id}`);
  document.getElementById("name").textContent = job.name || job.id;
  document.getElementById("facts").textContent = [job.kind, job.status, job.reason].filter(Boolean).join(" · ");
  if (job.latest) await draw();
} catch (error) {
  trouble(error);
}
