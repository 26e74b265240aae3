// Fields of a form that hold one value: how each reads from what is typed, and is written.

import { node } from "../lib/dom.js";
import { label } from "../lib/formatting.js";
import { helpText, rangeText } from "./schema.js";

const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

/** A number where it reads as one; else the text, which the server refuses in its own words. */
const numberOrText = (text) => (Number.isFinite(Number(text)) ? Number(text) : text);

function jsonOrText(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

const listOf = (text, each) => text.split(",").map((part) => part.trim()).filter(Boolean).map(each);

/** `key = value` on each line; a value of a list is `1, 2`. */
function mapOf(text, schema) {
  const each = schema.additionalProperties?.type === "string" ? (value) => value : (value) => listOf(value, jsonOrText);
  const pairs = text.split("\n").filter((line) => line.trim()).map((line) => {
    const [key, ...rest] = line.split("=");
    return [key.trim(), each(rest.join("=").trim())];
  });
  return Object.fromEntries(pairs);
}

const KINDS = {
  boolean: { control: () => node("input", { type: "checkbox" }), read: (input) => input.checked, write: (input, value) => { input.checked = value; } },
  number: { read: (input) => numberOrText(input.value), write: (input, value) => { input.value = value; } },
  text: { read: (input) => input.value, write: (input, value) => { input.value = value; } },
  list: {
    read: (input, schema) => listOf(input.value, schema.items?.type === "string" ? String : numberOrText),
    write: (input, value) => { input.value = [value].flat().join(", "); },
  },
  map: {
    control: () => node("textarea", { rows: 2 }), read: (input, schema) => mapOf(input.value, schema),
    write: (input, value) => { input.value = Object.entries(value).map(([key, one]) => `${key} = ${[one].flat().join(", ")}`).join("\n"); },
  },
  json: {
    control: () => node("textarea", { rows: 6, spellcheck: false }), read: (input) => jsonOrText(input.value),
    write: (input, value) => { input.value = typeof value === "string" ? value : JSON.stringify(value, null, 2); },
  },
};

function kindOf(schema) {
  if (schema.type === "boolean") return KINDS.boolean;
  if (schema.type === "number" || schema.type === "integer") return KINDS.number;
  if (schema.type === "array") return ["object", undefined].includes(schema.items?.type) ? KINDS.json : KINDS.list;
  if (schema.type === "object" && schema.additionalProperties) return KINDS.map;
  return schema.type === "string" ? KINDS.text : KINDS.json;
}

/** One value. `choices` are `{value, label}` to pick from, where the page knows them. */
export class ValueField {
  constructor(name, schema, path, { choices, placeholder = "" } = {}) {
    this.schema = schema;
    this.kind = kindOf(schema);
    this.isChecked = this.kind === KINDS.boolean;
    this.isWide = this.kind === KINDS.map || this.kind === KINDS.json;
    const known = choices ?? schema.enum?.map((value) => ({ value, label: value }));
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

  write(value) {
    this.kind.write(this.input, value ?? "");
    if (this.input.tagName !== "SELECT" || this.input.value === String(value)) return;
    this.input.append(option({ value, label: value })); // a value that the list lacks, an older job say
    this.input.value = value;
  }

  at() {
    return this;
  }

  refuse(message) {
    this.wrong.textContent = message;
    this.input.setAttribute("aria-invalid", "true");
  }

  calm() {
    this.wrong.textContent = "";
    this.input.removeAttribute("aria-invalid");
  }
}

const option = ({ value, label: words }) => node("option", { value, textContent: words });
