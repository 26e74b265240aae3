// The current state of workers and their slots.

import { fetchJson, fetchSession } from "../lib/api.js";
import { announce, byId, showError } from "../lib/dom.js";
import { poll } from "../lib/poll.js";
import { WorkerCard } from "../lib/worker_card.js";

const EVERY_MS = 2000;
const place = byId("workers");
/** @type {Map<string, WorkerCard>} */
const cards = new Map(); // by name of the worker
const { scope } = await fetchSession().catch(() => ({ scope: "read" }));

/** @param {{data: WorkerDocument[]}} list */
function show({ data }) {
  for (const [name, card] of cards) {
    if (data.some((worker) => worker.name === name)) continue;
    card.element.remove();
    cards.delete(name);
  }
  for (const worker of data) {
    const card = cards.get(worker.name) ?? new WorkerCard(scope === "admin" ? drain : null);
    if (!cards.has(worker.name)) place.append(card.element);
    cards.set(worker.name, card);
    card.show(worker);
  }
  byId("loading").hidden = true;
  byId("empty").hidden = data.length > 0;
  byId("legend").hidden = data.length === 0;
  const slots = data.reduce((sum, worker) => sum + worker.slots, 0);
  const free = data.reduce((sum, worker) => sum + worker.free_slots, 0);
  byId("sum").textContent = data.length === 0 ? "" : `${free} of ${slots} slots free`;
}

/** @param {WorkerDocument} worker */
async function drain(worker) {
  const path = `/v1/workers/${encodeURIComponent(worker.name)}/drain`;
  try {
    const { state } = await fetchJson(path, { method: "POST", body: { draining: !worker.draining } });
    announce(`${worker.name} is ${state}`);
    again();
  } catch (error) {
    showError(error);
  }
}

const again = poll("/v1/workers", EVERY_MS, show);
