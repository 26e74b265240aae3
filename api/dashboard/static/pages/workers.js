// Workers and their slots, as they are now.

import { fetchJson, fetchSession } from "../lib/api.js";
import { announce, byId, showError } from "../lib/dom.js";
import { poll } from "../lib/poll.js";
import { WorkerCard } from "../lib/worker_card.js";

const EVERY_MS = 2000;
const place = byId("workers");
const cards = new Map(); // by name of the worker
const { scope } = await fetchSession().catch(() => ({ scope: "read" }));

function show({ data }) {
  for (const [name, card] of cards) {
    if (data.some((worker) => worker.name === name)) continue;
    card.element.remove();
    cards.delete(name);
  }
  for (const worker of data) {
    if (!cards.has(worker.name)) {
      const card = new WorkerCard(scope === "admin" ? drain : null);
      cards.set(worker.name, card);
      place.append(card.element);
    }
    cards.get(worker.name).show(worker);
  }
  byId("loading").hidden = true;
  byId("empty").hidden = data.length > 0;
  byId("legend").hidden = data.length === 0;
  const [slots, free] = ["slots", "free_slots"].map((of) => data.reduce((sum, worker) => sum + worker[of], 0));
  byId("sum").textContent = data.length === 0 ? "" : `${free} of ${slots} slots free`;
}

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
