// What one can do to a job: cancel or kill, resume, clone, delete.

import { ask, trouble, whoAsks } from "../lib/api.js";

const at = (id) => document.getElementById(id);
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
    at("cancel").hidden = job.is_terminal || !mayAct;
    at("resume").hidden = !["failed", "cancelled"].includes(job.status) || !mayAct;
    at("delete").hidden = !job.is_terminal || !mayAct;
    at("clone").hidden = !mayAct;
  }

  /** Do it, with the button disabled meanwhile; say what went wrong. */
  async function act(button, work) {
    trouble();
    button.disabled = true;
    try { await work(); } catch (error) { trouble(error); } finally { button.disabled = false; }
  }

  at("compare-with").hidden = job.kind !== "train";
  at("compare-with").href = `/compare?jobs=${job.id}`;
  at("clone").href = `/new?clone=${job.id}`;
  at("cancel-words").textContent = WORDS[job.kind] ?? "A range test that is cancelled begins anew when it is resumed.";
  at("cancel").addEventListener("click", () => at("cancel-dialog").showModal());
  at("cancel-dialog").addEventListener("close", () => {
    const mode = at("cancel-dialog").returnValue;
    if (mode === "checkpoint" || mode === "kill") act(at("cancel"), () => ask(`${path}/cancel`, { method: "POST", body: { mode } }));
  });
  at("resume").addEventListener("click", () => act(at("resume"), async () => {
    await ask(`${path}/resume`, { method: "POST" });
    woken();
  }));
  at("delete").addEventListener("click", () => at("delete-dialog").showModal());
  at("delete-dialog").addEventListener("close", () => {
    if (at("delete-dialog").returnValue !== "delete") return;
    act(at("delete"), async () => {
      await ask(path, { method: "DELETE" });
      location.assign("/");
    });
  });

  whoAsks().then(({ scope }) => { mayAct = scope !== "read"; update(job); }, trouble);
  return { update };
}
