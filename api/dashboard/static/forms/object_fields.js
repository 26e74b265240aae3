// Fields that contain fields: objects, and optional objects.

import { node } from "../lib/dom.js";
import { label } from "../lib/formatting.js";
import { OneOf } from "./one_of.js";
import { helpText } from "./schema.js";
import { ValueField } from "./value_field.js";

/**
 * A field for a schema.
 *
 * @param {string} name
 * @param {JsonSchema} schema
 * @param {string[]} path
 * @param {FormPage} page
 * @returns {FormField}
 */
export function fieldFor(name, schema, path, page) {
  const { schema: plain, optional } = page.schemas.withoutNull(schema);
  if (plain.oneOf) return new OneOf(name, plain, path, page, (...given) => new ObjectFields(...given));
  if (plain.properties) return optional ? new OptionalObject(name, plain, path, page) : new ObjectFields(plain, path, page);
  return new ValueField(name, plain, path, { choices: page.choices[name], placeholder: optional ? "left out" : "" });
}

/**
 * A field that the user cannot change: a kind or a name that the choice above it has fixed.
 *
 * @param {JsonSchema} schema
 * @param {string} name
 * @param {boolean} isChosen
 */
const isFixed = (schema, name, isChosen) => schema.const !== undefined || (isChosen && name === "name");

/** An object: its fields in a row, the less usual ones folded away. */
export class ObjectFields {
  /**
   * @param {JsonSchema} schema
   * @param {string[]} path
   * @param {FormPage} page
   * @param {boolean} isChosen Whether a choice above it says its name.
   */
  constructor(schema, path, page, isChosen = false) {
    /** @type {Map<string, FormField>} */
    this.fields = new Map();
    this.isRequired = false;
    this.wrong = node("p", { className: "error" });
    const [row, more] = [node("div", { className: "row" }), node("div", { className: "row" })];
    for (const [field, of] of Object.entries(schema.properties)) {
      if (isFixed(of, field, isChosen)) continue;
      const made = fieldFor(field, of, [...path, field], page);
      this.fields.set(field, made);
      (page.first.has(field) || schema.required?.includes(field) ? row : more).append(made.element);
    }
    this.more = node("details", { hidden: !more.children.length }, node("summary", { textContent: "More options" }), more);
    this.element = node("div", { className: "group" }, row, this.more, this.wrong);
  }

  read() {
    const known = [...this.fields].map(([name, field]) => [name, field.read()]).filter(([, value]) => value !== undefined);
    return known.length || this.isRequired ? Object.fromEntries(known) : undefined;
  }

  /** @param {Json} value */
  write(value) {
    for (const [name, field] of this.fields) if (name in (value ?? {})) field.write(value[name]);
  }

  /**
   * @param {string[]} parts
   * @returns {{refuse(message: string): void}}
   */
  at([name, ...rest]) {
    return this.fields.get(name)?.at(rest) ?? this;
  }

  /** @param {string} message */
  refuse(message) {
    this.wrong.textContent = message;
  }

  calm() {
    this.wrong.textContent = "";
    for (const field of this.fields.values()) field.calm();
  }
}

/**
 * A fieldset with a legend and a line of help.
 *
 * @param {string} name
 * @param {JsonSchema} schema
 * @param {...Node} children
 */
export const section = (name, schema, ...children) => node("fieldset", { className: "section" },
  node("legend", { textContent: label(name) }), node("p", { className: "help", textContent: helpText(schema) }), ...children);

/** An object that is left out unless it is asked for. */
class OptionalObject {
  /**
   * @param {string} name
   * @param {JsonSchema} schema
   * @param {string[]} path
   * @param {FormPage} page
   */
  constructor(name, schema, path, page) {
    this.group = new ObjectFields(schema, path, page);
    this.group.isRequired = true;
    const id = `field-${path.join("-")}-wanted`;
    this.wanted = node("input", { type: "checkbox", id });
    this.wanted.addEventListener("change", () => this.show());
    const own = page.words[name]; // with words of the page's own, what it is for is said above it
    const help = node("p", { className: "help", textContent: own ? "" : helpText(schema) });
    this.element = node("div", { className: "optional" },
      node("div", { className: "field check" }, node("label", { htmlFor: id, textContent: own ?? label(name) }), this.wanted, help), this.group.element);
    this.show();
  }

  show() {
    this.group.element.hidden = !this.wanted.checked;
  }

  read() {
    return this.wanted.checked ? this.group.read() : undefined;
  }

  /** @param {Json} value */
  write(value) {
    this.wanted.checked = value !== null && value !== undefined;
    this.group.write(value);
    this.show();
  }

  /** Ask for it, with what was typed before. */
  want() {
    this.wanted.checked = true;
    this.show();
  }

  /** @param {string[]} rest */
  at(rest) {
    return this.group.at(rest);
  }

  calm() {
    this.group.calm();
  }
}
