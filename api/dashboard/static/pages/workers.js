// Workers and their slots, as they are now.

import { ask, node, say, trouble, whoAsks } from "../lib/api.js";
import { poll } from "../lib/poll.js";
import { WorkerCard } from "../lib/worker_card.js";

const EVERY_MS = 2000;
const place = document.getElementById("workers");
const cards = new Map(); // by name of the worker
const { scope } = await whoAsks().catch(() => ({ scope: "read" }));

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
  document.getElementById("loading").hidden = true;
  document.getElementById("empty").hidden = data.length > 0;
  document.getElementById("legend").hidden = data.length === 0;
  const [slots, free] = ["slots", "free_slots"].map((of) => data.reduce((sum, worker) => sum + worker[of], 0));
  document.getElementById("sum").textContent = data.length === 0 ? "" : `${free} of ${slots} slots free`;
}

async function drain(worker) {
  const path = `/v1/workers/${encodeURIComponent(worker.name)}/drain`;
  try {
    const { state } = await ask(path, { method: "POST", body: { draining: !worker.draining } });
    say(`${worker.name} is ${state}`);
    again();
  } catch (error) {
    trouble(error);
  }
}

const again = poll("/v1/workers", EVERY_MS, show);
