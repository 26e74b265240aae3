// A request as text for a terminal or for Python.

/**
 * JSON as a Python literal.
 *
 * @param {Json} value
 * @returns {string}
 */
function literal(value, indent = "") {
  const deeper = `${indent}    `;
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value !== "object") return JSON.stringify(value);
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  const entries = Array.isArray(value)
    ? value.map((one) => literal(one, deeper))
    : Object.entries(value).map(([name, one]) => `${JSON.stringify(name)}: ${literal(one, deeper)}`);
  const line = `${open}${entries.join(", ")}${close}`;
  if (line.length + indent.length < 88 && !line.includes("\n")) return line;
  return `${open}\n${entries.map((entry) => `${deeper}${entry},\n`).join("")}${indent}${close}`;
}

const quoted = (/** @type {string} */ text) => `'${text.replaceAll("'", "'\\''")}'`;

/**
 * @param {string} path
 * @param {Json} body
 * @param {boolean} needsKey
 */
function curl(path, body, needsKey) {
  const lines = [`curl -X POST ${location.origin}${path}`, "-H 'Content-Type: application/json'"];
  if (needsKey) lines.push('-H "Authorization: Bearer $CLR_API_KEY"');
  return [...lines, `-d ${quoted(JSON.stringify(body, null, 2))}`].join(" \\\n  ");
}

/** @param {Json} body */
function python(body) {
  return `from clr_client.client import Client

with Client("${location.origin}") as client:
    job = client.submit(${literal(body, "    ")})
    job.wait(progress=True)
`;
}

/**
 * A POST of a job's spec.
 *
 * @param {string} language `curl` or `python`.
 * @param {Json} spec
 */
export const snippet = (language, spec, needsKey = false) => (language === "curl" ? curl("/v1/jobs", spec, needsKey) : python(spec));
