// A choice between alternatives of a field: models by name, or a rate as a number, a word or an object.

import { node } from "../lib/dom.js";
import { label } from "../lib/formatting.js";
import { helpText } from "./schema.js";
import { ValueField } from "./value_field.js";

/** @typedef {FormField & {isRequired: boolean}} ObjectFields */

/** One of several forms: chosen by name, or a number, a word, or an object. */
export class OneOf {
  /**
   * @param {string} name
   * @param {JsonSchema} schema
   * @param {string[]} path
   * @param {FormPage} page
   * @param {(schema: JsonSchema, path: string[], page: FormPage, isChosen?: boolean) => ObjectFields} makeObject Makes
   *   the fields of a form that is an object: a parameter, since those fields may have such choices themselves.
   */
  constructor(name, schema, path, page, makeObject) {
    this.name = name;
    this.path = path;
    this.page = page;
    this.makeObject = makeObject;
    /** @type {Map<JsonSchema, FormField>} */
    this.made = new Map();
    this.forms = page.schemas.formsOf(schema);
    const id = `field-${path.join("-")}-form`;
    this.select = node("select", { id }, ...this.forms.map((form) => node("option", { value: form.value, textContent: page.words[form.label] ?? form.label })));
    this.select.addEventListener("change", () => this.show());
    this.help = node("p", { className: "help" });
    this.place = node("div", { className: "chosen" });
    this.element = node("div", { className: "choice" },
      node("div", { className: "field" }, node("label", { htmlFor: id, textContent: label(name) }), this.select, this.help), this.place);
    this.show();
  }

  get form() {
    return this.forms[this.select.selectedIndex];
  }

  /** The field of the form that is chosen; null for a word, which says all. Each is made once and keeps what was typed. */
  get field() {
    const { form } = this;
    if (form.schema.const !== undefined) return null;
    const field = this.made.get(form.schema) ?? this.make(form);
    this.made.set(form.schema, field);
    return field;
  }

  /**
   * @param {ValueForm} form
   * @returns {FormField}
   */
  make({ schema, named, label: words }) {
    if (!schema.properties) return new ValueField(`${this.name} as ${words}`, schema, this.path);
    const fields = this.makeObject(schema, this.path, this.page, named);
    fields.isRequired = true;
    return fields;
  }

  show() {
    this.help.textContent = helpText(this.form.schema);
    this.place.replaceChildren(...(this.field ? [this.field.element] : []));
  }

  read() {
    if (this.field === null) return this.form.value;
    const inside = this.field.read();
    return this.form.named ? { name: this.form.value, ...inside } : inside;
  }

  /** @param {Json} value */
  write(value) {
    this.select.selectedIndex = Math.max(0, this.forms.findIndex((form) => fits(form, value)));
    this.field?.write(value);
    this.show();
  }

  /**
   * @param {string[]} rest
   * @returns {{refuse(message: string): void}}
   */
  at(rest) {
    return this.field?.at(rest) ?? this;
  }

  /** @param {string} message */
  refuse(message) {
    this.help.textContent = message;
  }

  calm() {
    this.field?.calm();
    this.help.textContent = helpText(this.form.schema);
  }
}

/**
 * @param {ValueForm} form
 * @param {Json} value
 */
function fits(form, value) {
  if (form.named) return form.value === value?.name;
  if (form.schema.const !== undefined) return form.value === value;
  return form.schema.properties ? typeof value === "object" : typeof value === "number";
}
