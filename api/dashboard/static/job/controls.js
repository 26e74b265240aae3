// What one can do to a job: cancel or kill, resume, clone, delete.

import { fetchJson, fetchSession } from "../lib/api.js";
import { byId, showError } from "../lib/dom.js";

const WORDS = {
  train: "It saves a checkpoint first, from which it can be resumed. Killing it leaves that out.",
  sweep: "Its range tests that have not ended are cancelled with it.",
};

/** Wire the buttons of a job; `woken` is called when an ended job runs again. */
export function controls(first, woken) {
  let job = first;
  let mayAct = false;
  const path = `/v1/jobs/${job.id}`;

  function update(now) {
    job = now;
    byId("cancel").hidden = job.is_terminal || !mayAct;
    byId("resume").hidden = !["failed", "cancelled"].includes(job.status) || !mayAct;
    byId("delete").hidden = !job.is_terminal || !mayAct;
    byId("clone").hidden = !mayAct;
  }

  /** Do it, with the button disabled meanwhile; say what went wrong. */
  async function act(button, work) {
    showError();
    button.disabled = true;
    try { await work(); } catch (error) { showError(error); } finally { button.disabled = false; }
  }

  byId("compare-with").hidden = job.kind !== "train";
  byId("compare-with").href = `/compare?jobs=${job.id}`;
  byId("clone").href = `/new?clone=${job.id}`;
  byId("cancel-words").textContent = WORDS[job.kind] ?? "A range test that is cancelled begins anew when it is resumed.";
  byId("cancel").addEventListener("click", () => byId("cancel-dialog").showModal());
  byId("cancel-dialog").addEventListener("close", () => {
    const mode = byId("cancel-dialog").returnValue;
    if (mode === "checkpoint" || mode === "kill") act(byId("cancel"), () => fetchJson(`${path}/cancel`, { method: "POST", body: { mode } }));
  });
  byId("resume").addEventListener("click", () => act(byId("resume"), async () => {
    await fetchJson(`${path}/resume`, { method: "POST" });
    woken();
  }));
  byId("delete").addEventListener("click", () => byId("delete-dialog").showModal());
  byId("delete-dialog").addEventListener("close", () => {
    if (byId("delete-dialog").returnValue !== "delete") return;
    act(byId("delete"), async () => {
      await fetchJson(path, { method: "DELETE" });
      location.assign("/");
    });
  });

  fetchSession().then(({ scope }) => { mayAct = scope !== "read"; update(job); }, showError);
  return { update };
}
