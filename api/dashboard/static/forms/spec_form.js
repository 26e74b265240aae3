// The form for one kind of job: built from its schema, read as a spec, and marked with the server's errors.

import { node } from "../lib/dom.js";
import { fieldFor, section } from "./object_fields.js";
import { ValueField } from "./value_field.js";

const partsOf = (/** @type {string} */ pointer) => pointer.split("/").slice(1).map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));

export class SpecForm {
  /**
   * @param {string} kind
   * @param {FormPage} page
   */
  constructor(kind, page) {
    this.kind = kind;
    /** @type {Map<string, FormField>} */
    this.fields = new Map();
    const [row, more] = [node("div", { className: "row" }), node("div", { className: "row" })];
    /** @type {Map<string, HTMLElement>} */
    const sections = new Map();
    for (const [name, schema] of Object.entries(page.schemas.ofKind(kind).properties)) {
      if (name === "kind") continue;
      const field = fieldFor(name, schema, [name], page);
      this.fields.set(name, field);
      if (!page.first.has(name) || (kind === "train" && name === "range_test")) more.append(field.element);
      else if (field instanceof ValueField && !field.isWide) row.append(field.element);
      else sections.set(name, section(name, page.schemas.withoutNull(schema).schema, field.element));
    }
    const ordered = [...page.first].flatMap((name) => sections.get(name) ?? []);
    const details = node("details", { className: "section" }, node("summary", { textContent: "More options" }), more);
    this.element = node("div", {}, row, ...ordered, details);
  }

  read() {
    const known = [...this.fields].map(([name, field]) => [name, field.read()]).filter(([, value]) => value !== undefined);
    return { kind: this.kind, ...Object.fromEntries(known) };
  }

  /** @param {Json} spec */
  write(spec) {
    for (const [name, field] of this.fields) if (name in spec) field.write(spec[name]);
  }

  calm() {
    for (const field of this.fields.values()) field.calm();
  }

  /**
   * Show each error at its field; `look` scrolls to the first.
   *
   * @param {FieldError[]} errors
   * @returns {string[]} What is about no field.
   */
  refuse(errors, { look = true } = {}) {
    this.calm();
    /** @type {string[]} */
    const homeless = [];
    for (const { pointer, detail } of errors) {
      const [name, ...rest] = partsOf(pointer);
      const field = this.fields.get(name)?.at(rest);
      if (field) field.refuse(detail);
      else homeless.push(detail);
    }
    /** @type {NodeListOf<HTMLElement>} */
    const bad = this.element.querySelectorAll("[aria-invalid=true]");
    for (const input of bad) {
      for (let fold = input.closest("details"); fold; fold = fold.parentElement?.closest("details") ?? null) fold.open = true;
    }
    if (look) bad[0]?.focus();
    return homeless;
  }
}
