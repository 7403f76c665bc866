import { expect, test } from "vitest";
import { faultsOf, fieldsOf, inputOf } from "./inputForm";

const SCHEMA = {
  type: "object",
  required: ["text"],
  properties: {
    text: { type: "string", maxLength: 2_000_000, description: "Any language." },
    length: { type: "string", enum: ["short", "long"], default: "short" },
    sentences: { anyOf: [{ type: "integer", minimum: 1, maximum: 50 }, { type: "null" }], default: null },
    pdf_ref: { anyOf: [{ type: "string", maxLength: 512 }, { type: "null" }] },
    day: { anyOf: [{ type: "string", format: "date" }, { type: "null" }] },
    name: { type: "string", maxLength: 80 },
    urgent: { type: "boolean", default: false },
    tags: { type: "array" },
  },
};
const fields = fieldsOf(SCHEMA) ?? [];

test("each property becomes the control that fits it", () => {
  expect(Object.fromEntries(fields.map((field) => [field.name, field.kind]))).toEqual({
    text: "long-text",
    length: "choice",
    sentences: "integer",
    pdf_ref: "upload",
    day: "date",
    name: "text",
    urgent: "boolean",
    tags: "json",
  });
});

test("a schema without properties is typed as JSON", () => {
  expect(fieldsOf({})).toBeNull();
  expect(fieldsOf({ type: "object", properties: {} })).toBeNull();
});

test("empty optional fields are left out, so that the function's defaults hold", () => {
  const values = { text: "Cats.", sentences: "3", urgent: "true", tags: '["a"]', name: "" };

  expect(inputOf(fields, values)).toEqual({ text: "Cats.", sentences: 3, urgent: true, tags: ["a"] });
});

test("what is missing or out of bounds is named by its field", () => {
  const faults = faultsOf(fields, { text: "", sentences: "51", tags: "[" });

  expect(faults).toEqual({
    text: "This is needed.",
    sentences: "At most 50.",
    tags: "This is not JSON.",
  });
});

test("half a number is no whole number", () => {
  expect(faultsOf(fields, { text: "x", sentences: "1.5" })).toEqual({
    sentences: "This is not a whole number.",
  });
});
