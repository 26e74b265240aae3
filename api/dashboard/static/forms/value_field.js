// Fields of a form that hold one value: how each is read and written.

import { node } from "../lib/dom.js";
import { label } from "../lib/formatting.js";
import { helpText, rangeText } from "./schema.js";

const same = (/** @type {Json} */ one, /** @type {Json} */ other) => JSON.stringify(one) === JSON.stringify(other);

/**
 * A number if the text is one, else the text, for which the server returns an error.
 *
 * @param {string} text
 */
const numberOrText = (text) => (Number.isFinite(Number(text)) ? Number(text) : text);

/**
 * @param {string} text
 * @returns {Json}
 */
function jsonOrText(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** @type {(text: string, each: (part: string) => Json) => Json[]} */
const listOf = (text, each) => text.split(",").map((part) => part.trim()).filter(Boolean).map(each);

/**
 * `key = value` on each line; a list is written as `1, 2`.
 *
 * @param {string} text
 * @param {JsonSchema} schema
 */
function mapOf(text, schema) {
  const each = schema.additionalProperties?.type === "string" ? String : (/** @type {string} */ value) => listOf(value, jsonOrText);
  const pairs = text.split("\n").filter((line) => line.trim()).map((line) => {
    const [key, ...rest] = line.split("=");
    return [key.trim(), each(rest.join("=").trim())];
  });
  return Object.fromEntries(pairs);
}

/** @typedef {HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement} Input */

/**
 * How a value is shown, read and written.
 *
 * @typedef {{
 *   control?: () => Input, read: (input: Input, schema: JsonSchema) => Json, write: (input: Input, value: Json) => void,
 * }} Kind
 */

/** @satisfies {Record<string, Kind>} */
const KINDS = {
  boolean: {
    control: () => node("input", { type: "checkbox" }), read: (input) => "checked" in input && input.checked,
    write: (input, value) => { if ("checked" in input) input.checked = value; },
  },
  number: { read: (input) => numberOrText(input.value), write: (input, value) => { input.value = value; } },
  text: { read: (input) => input.value, write: (input, value) => { input.value = value; } },
  list: {
    read: (input, schema) => listOf(input.value, schema.items?.type === "string" ? String : numberOrText),
    write: (input, value) => { input.value = [value].flat().join(", "); },
  },
  map: {
    control: () => node("textarea", { rows: 2 }), read: (input, schema) => mapOf(input.value, schema),
    write: (input, value) => { input.value = linesOf(value).join("\n"); },
  },
  json: {
    control: () => node("textarea", { rows: 6, spellcheck: false }), read: (input) => jsonOrText(input.value),
    write: (input, value) => { input.value = typeof value === "string" ? value : JSON.stringify(value, null, 2); },
  },
};

/** @param {Record<string, Json>} map */
const linesOf = (map) => Object.entries(map).map(([key, value]) => `${key} = ${[value].flat().join(", ")}`);

/**
 * @param {JsonSchema} schema
 * @returns {Kind}
 */
function kindOf(schema) {
  if (schema.type === "boolean") return KINDS.boolean;
  if (schema.type === "number" || schema.type === "integer") return KINDS.number;
  if (schema.type === "array") return ["object", undefined].includes(schema.items?.type) ? KINDS.json : KINDS.list;
  if (schema.type === "object" && schema.additionalProperties) return KINDS.map;
  return schema.type === "string" ? KINDS.text : KINDS.json;
}

/** One value. It is picked from `choices` if the page knows them. */
export class ValueField {
  /**
   * @param {string} name
   * @param {JsonSchema} schema
   * @param {string[]} path
   * @param {{choices?: FormChoice[], placeholder?: string}} [known]
   */
  constructor(name, schema, path, { choices, placeholder = "" } = {}) {
    this.schema = schema;
    this.kind = kindOf(schema);
    this.isChecked = this.kind === KINDS.boolean;
    this.isWide = this.kind === KINDS.map || this.kind === KINDS.json;
    const known = choices ?? schema.enum?.map((/** @type {Json} */ value) => ({ value, label: String(value) }));
    /** @type {Input} */
    this.input = known?.length ? node("select", {}, ...known.map(option)) : (this.kind.control?.() ?? node("input", { autocomplete: "off" }));
    if (this.kind === KINDS.number) this.input.inputMode = "decimal";
    const id = `field-${path.join("-")}`;
    this.wrong = node("p", { className: "error", id: `${id}-error` });
    const range = this.kind === KINDS.number ? rangeText(schema) : "";
    const help = helpText(schema) && range ? `${helpText(schema).replace(/\.$/, "")} (${range})` : helpText(schema) || range;
    const words = node("p", { className: "help", id: `${id}-help`, textContent: help, hidden: help === "" });
    Object.assign(this.input, { id, name: path.join(".") });
    if ("placeholder" in this.input) this.input.placeholder = placeholder;
    this.input.setAttribute("aria-describedby", `${id}-error ${id}-help`);
    this.element = node("div", { className: `field${this.isChecked ? " check" : ""}${this.isWide ? " wide" : ""}` }, node("label", { htmlFor: id, textContent: label(name) }), this.input, words, this.wrong);
    if (schema.default !== undefined && schema.default !== null) this.write(schema.default);
  }

  /** The value; undefined where it may be left out: nothing is typed, or what the server takes anyway. */
  read() {
    if (!this.isChecked && this.input.value.trim() === "") return undefined;
    const value = this.kind.read(this.input, this.schema);
    return same(value, this.schema.default) ? undefined : value;
  }

  /** @param {Json} value */
  write(value) {
    this.kind.write(this.input, value ?? "");
    if (this.input.tagName !== "SELECT" || this.input.value === String(value)) return;
    this.input.append(option({ value, label: String(value) })); // a value that the list lacks, an older job say
    this.input.value = value;
  }

  at() {
    return this;
  }

  /** @param {string} message */
  refuse(message) {
    this.wrong.textContent = message;
    this.input.setAttribute("aria-invalid", "true");
  }

  calm() {
    this.wrong.textContent = "";
    this.input.removeAttribute("aria-invalid");
  }
}

/** @param {FormChoice} choice */
const option = ({ value, label: words }) => node("option", { value, textContent: words });
