// The buttons of a job: cancel or kill, resume, clone, delete.

import { fetchJson, fetchLast, fetchSession } from "../lib/api.js";
import { byId, showError } from "../lib/dom.js";

/** @type {Record<string, string>} */
const WORDS = {
  train: "It saves a checkpoint first, from which it can be resumed. Killing it leaves that out.",
  sweep: "Its range tests that have not ended are cancelled with it.",
};

/**
 * Wire the buttons of a job; `woken` is called when an ended job runs again.
 *
 * @param {Job} first
 * @param {() => void} woken
 */
export function controls(first, woken) {
  let job = first;
  let mayAct = false;
  const [cancelDialog, deleteDialog] = [byId("cancel-dialog", HTMLDialogElement), byId("delete-dialog", HTMLDialogElement)];
  const [cancelButton, resumeButton, deleteButton] = ["cancel", "resume", "delete"].map((id) => byId(id, HTMLButtonElement));
  const path = `/v1/jobs/${job.id}`;

  /** @param {Job} now */
  function update(now) {
    job = now;
    cancelButton.hidden = job.is_terminal || !mayAct;
    resumeButton.hidden = !["failed", "cancelled"].includes(job.status) || !mayAct;
    deleteButton.hidden = !job.is_terminal || !mayAct;
    byId("clone").hidden = !mayAct;
  }

  /**
   * Run an action with the button disabled, and show its error.
   *
   * @param {HTMLButtonElement} button
   * @param {() => Promise<void>} work
   */
  async function act(button, work) {
    showError();
    button.disabled = true;
    try { await work(); } catch (error) { showError(error); } finally { button.disabled = false; }
  }

  byId("compare-with").hidden = job.kind !== "train";
  byId("compare-with", HTMLAnchorElement).href = `/compare?jobs=${job.id}`;
  byId("clone", HTMLAnchorElement).href = `/new?clone=${job.id}`;
  byId("cancel-words").textContent = WORDS[job.kind] ?? "A range test that is cancelled begins anew when it is resumed.";
  cancelButton.addEventListener("click", () => cancelDialog.showModal());
  cancelDialog.addEventListener("close", () => {
    const mode = cancelDialog.returnValue;
    if (mode === "checkpoint" || mode === "kill") act(cancelButton, () => fetchJson(`${path}/cancel`, { method: "POST", body: { mode } }));
  });
  resumeButton.addEventListener("click", () => act(resumeButton, async () => {
    await fetchJson(`${path}/resume`, { method: "POST" });
    woken();
  }));
  deleteButton.addEventListener("click", () => deleteDialog.showModal());
  deleteDialog.addEventListener("close", () => {
    if (deleteDialog.returnValue !== "delete") return;
    act(deleteButton, async () => {
      await fetchLast(path, { method: "DELETE" });
      location.assign("/");
    });
  });

  fetchSession().then(({ scope }) => { mayAct = scope !== "read"; update(job); }, showError);
  return { update };
}
