// The document by an OpenAPI validator, and every answer that the service gave by ajv (JSON Schema 2020-12).
//   node judge.mjs <openapi.json> <answers.jsonl>
import { createReadStream, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { Validator } from "@seriousme/openapi-schema-validator";
import Ajv2020 from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

const [, , documentPath, answersPath] = process.argv;
const document = JSON.parse(readFileSync(documentPath, "utf8"));
const valid = await new Validator().validate(structuredClone(document));
if (!valid.valid) throw new Error("the document is no OpenAPI 3.1: " + JSON.stringify(valid.errors).slice(0, 2000));

const ajv = new Ajv2020({ strict: true, strictTypes: false, strictRequired: false, allErrors: false, allowUnionTypes: true });
addFormats(ajv);
for (const word of ["openapi", "info", "servers", "security", "tags", "paths", "components"]) ajv.addKeyword(word);
ajv.addSchema({ $id: "document:", ...document });
const known = new Map(), counts = new Map(), failures = [];
for await (const line of createInterface({ input: createReadStream(answersPath) })) {
  const { place, body } = JSON.parse(line);
  if (!known.has(place)) known.set(place, ajv.compile({ $ref: "document:" + place.replaceAll("{", "%7B").replaceAll("}", "%7D") }));
  const fits = known.get(place);
  counts.set(place, (counts.get(place) ?? 0) + 1);
  if (!fits(body)) failures.push(place + ": " + ajv.errorsText(fits.errors) + " in " + JSON.stringify(body).slice(0, 300));
}
// A judge that lets everything pass is none.
const error = known.get("#/components/schemas/Error");
if (!error || error({ error: "x", kind: "invalid", code: "7", details: {} }) || error({ error: "x", kind: "invalid", code: "E0201", details: {}, more: 1 })) throw new Error("ajv finds no fault in a wrong answer");
const total = [...counts.values()].reduce((a, b) => a + b, 0);
if (total < 200 || known.size < 15) throw new Error(`too few answers to judge: ${total} of ${known.size} kinds`);
if (failures.length) throw new Error(failures.length + " answers do not fit: " + failures.slice(0, 5).join("\n"));
console.log(`${total} answers of ${known.size} schemas`);
