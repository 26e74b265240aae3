// One worker: its slots as cells, what runs in them, and a button that drains it.

import { node } from "./dom.js";
import { ago, moment } from "./formatting.js";

/** @typedef {{slot: number, state: string, words: string, job?: RunningJob}} Cell */

/** An `element`, and `show(worker)`. */
export class WorkerCard {
  /** @param {((worker: WorkerDocument) => void) | null} drain Null for those who may not. */
  constructor(drain) {
    this.drawn = ""; // what the cells and words were last made from: they are left alone while that stays
    this.element = node("section", { className: "card worker" });
    this.drain = drain;
  }

  /** @param {WorkerDocument} worker */
  show(worker) {
    const { heartbeat_age_s: _, ...lasting } = worker;
    const drawn = JSON.stringify(lasting);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    const hadFocus = this.element.contains(document.activeElement) && document.activeElement?.tagName === "BUTTON";
    this.element.setAttribute("aria-label", `Worker ${worker.name}`);
    this.element.replaceChildren(this.head(worker), this.slots(worker), facts(worker));
    if (hadFocus) this.element.querySelector("button")?.focus();
  }

  /** @param {WorkerDocument} worker */
  head(worker) {
    const head = node("div", { className: "headline" },
      node("h2", {}, worker.name, " ", node("span", { className: `status ${worker.state}`, textContent: worker.state })));
    const { drain } = this;
    if (drain) {
      const title = worker.draining ? "It takes jobs again" : "It takes no more jobs and finishes those that it has";
      head.append(node("button", {
        type: "button", title, textContent: worker.draining ? "Take jobs again" : "Drain", onclick: () => drain(worker),
        "aria-label": worker.draining ? `Have ${worker.name} take jobs again` : `Drain ${worker.name}`,
      }));
    }
    return head;
  }

  /** @param {WorkerDocument} worker */
  slots(worker) {
    return node("ul", { className: "slots", role: "list", "aria-label": "Slots" }, ...cellsOf(worker).map(cell));
  }
}

/**
 * The use of each slot: the slots of a job are not known, so jobs fill them from the first.
 *
 * @param {WorkerDocument} worker
 * @returns {Cell[]}
 */
function cellsOf(worker) {
  /** @type {(RunningJob | null)[]} */
  const busy = worker.jobs.flatMap((job) => Array(job.slots).fill(job));
  const unseen = worker.slots - worker.free_slots - worker.quarantined_slots.length - busy.length;
  busy.push(...Array(Math.max(0, unseen)).fill(null)); // another user's
  return Array.from({ length: worker.slots }, (_, slot) => {
    if (worker.quarantined_slots.includes(slot)) return { slot, state: "quarantined", words: "quarantined" };
    if (busy.length === 0) return { slot, state: "free", words: "free" };
    const job = busy.shift();
    return job ? { slot, state: "busy", job, words: `${job.kind}, attempt ${job.attempt}` } : { slot, state: "busy", words: "another user's job" };
  });
}

/** @param {Cell} cell */
function cell({ slot, state, words, job }) {
  const inside = [node("span", { className: "slot-number", textContent: `slot ${slot}` })];
  if (job) inside.push(node("a", { href: `/jobs/${job.job_id}`, textContent: job.job_id.slice(-8) }));
  inside.push(node("span", { className: "slot-words", textContent: words }));
  return node("li", { className: `slot ${state}` }, ...inside);
}

/** @param {WorkerDocument} worker */
function facts(worker) {
  const versions = Object.entries(worker.versions).map(([name, version]) => `${name} ${version}`).join(", ");
  const devices = worker.devices.length ? worker.devices.join(", ") : worker.device;
  const started = node("time", { dateTime: worker.started_at, title: moment(worker.started_at), textContent: ago(worker.started_at) });
  return node("p", { className: "muted facts" }, `${worker.host}, process ${worker.pid} · ${devices} · ${versions} · started `, started);
}
