// Writes openapi.d.ts, the types of the API's documents, from the OpenAPI contract that the tests keep.

import { readFileSync, writeFileSync } from "node:fs";
import openapiTS, { astToString } from "openapi-typescript";

const contract = new URL("../../../tests/integration/openapi/v1.json", import.meta.url);
const { schemas } = JSON.parse(readFileSync(contract, "utf8"));
const info = { title: "clr-service", version: "1" };
const types = await openapiTS({ openapi: "3.1.0", info, paths: {}, components: { schemas } });
writeFileSync(new URL("openapi.d.ts", import.meta.url), astToString(types));
