// Reads JSON Schemas of the server's OpenAPI document for forms.

import { fetchJson } from "../lib/api.js";

/** Fetch the schemas of the API's documents. */
export async function fetchSchemas() {
  const { components } = await fetchJson("/openapi.json");
  return new Schemas(components.schemas);
}

/** Schemas by name. */
export class Schemas {
  /** @param {Record<string, JsonSchema>} byName */
  constructor(byName) {
    this.byName = byName;
  }

  /**
   * The resolved schema; keys beside a reference (a default, a description) override those of its target.
   *
   * @param {JsonSchema} schema
   * @returns {JsonSchema}
   */
  resolve(schema) {
    if (!schema.$ref) return schema;
    const { $ref, ...beside } = schema;
    return { ...this.byName[$ref.split("/").at(-1)], ...beside };
  }

  /**
   * The schema of one kind of job.
   *
   * @param {string} kind
   */
  ofKind(kind) {
    const { discriminator } = this.byName.JobSpec;
    return this.resolve({ $ref: discriminator.mapping[kind] });
  }

  /**
   * A nullable schema becomes the other schema, marked as optional.
   *
   * @param {JsonSchema} schema
   * @returns {{schema: JsonSchema, optional: boolean}}
   */
  withoutNull(schema) {
    const forms = schema.anyOf?.map((/** @type {JsonSchema} */ form) => this.resolve(form));
    if (forms?.length !== 2 || forms[1].type !== "null") return { schema: this.resolve(schema), optional: false };
    const { anyOf, ...beside } = schema;
    return { schema: { ...forms[0], ...beside }, optional: true };
  }

  /**
   * The alternatives of a choice. Objects with a name field are chosen by name.
   *
   * @param {JsonSchema} schema
   * @returns {ValueForm[]}
   */
  formsOf(schema) {
    return schema.oneOf.flatMap((/** @type {JsonSchema} */ one) => {
      const form = this.resolve(one);
      const name = form.properties?.name;
      if (name) return (name.enum ?? [name.const]).map((/** @type {string} */ value) => ({ value, label: value, schema: form, named: true }));
      if (form.const !== undefined) return [{ value: form.const, label: String(form.const), schema: form }];
      if (form.type === "object") {
        const [field] = Object.keys(form.properties);
        return [{ value: field, label: field.replaceAll("_", " "), schema: form }];
      }
      return [{ value: "number", label: "a number", schema: form }];
    });
  }
}

/**
 * The first paragraph of a schema's description, as plain text.
 *
 * @param {JsonSchema} schema
 * @returns {string}
 */
export const helpText = ({ description = "" }) => description.split("\n\n")[0].replaceAll("``", "").replaceAll("`", "").replaceAll("\n", " ");

/**
 * The legal range of a number as text, unless it is only "above 0".
 *
 * @param {JsonSchema} schema
 */
export function rangeText({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }) {
  const words = (/** @type {number} */ value) => value.toLocaleString("en", { maximumSignificantDigits: 6 });
  const [low, high] = [minimum ?? exclusiveMinimum, maximum ?? exclusiveMaximum];
  const ends = high !== undefined && high < 1e6; // larger limits only keep nonsense out
  if (!ends) return low > 1 || low < 0 ? `${minimum === undefined ? "above" : "at least"} ${words(low)}` : "";
  const to = `${maximum === undefined ? "below " : ""}${words(high)}`;
  return low === undefined ? `up to ${to}` : `${minimum === undefined ? "above " : ""}${words(low)} to ${to}`;
}
