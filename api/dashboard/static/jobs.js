import { ask, node, trouble } from "./api.js";

const list = document.getElementById("list");

function row(job) {
  const name = node("a", { href: `/jobs/${job.id}`, textContent: job.name || job.id.slice(4, 16) });
  const done = job.progress.fraction === null ? "" : `${Math.round(100 * job.progress.fraction)} %`;
  const cells = [name, job.kind, job.status, done, new Date(job.created_at).toLocaleString()];
  return node("tr", {}, ...cells.map((content) => node("td", {}, content)));
}

try {
  const { data } = await ask("/v1/jobs");
  list.querySelector("tbody").replaceChildren(...data.map(row));
  list.hidden = data.length === 0;
  document.getElementById("empty").hidden = data.length > 0;
} catch (error) {
  trouble(error);
}
