/** A function's input schema as the fields of a form, and what was typed as an input. */

export type FieldKind =
  | "text"
  | "long-text"
  | "number"
  | "integer"
  | "boolean"
  | "choice"
  | "date"
  | "upload"
  | "json";

export interface Field {
  name: string;
  label: string;
  kind: FieldKind;
  description: string;
  isRequired: boolean;
  initial: string;
  choices: readonly string[];
  minimum?: number;
  maximum?: number;
}

interface Shape {
  type?: unknown;
  format?: unknown;
  enum?: unknown;
  anyOf?: unknown;
  title?: unknown;
  description?: unknown;
  default?: unknown;
  minimum?: unknown;
  maximum?: unknown;
  maxLength?: unknown;
}

const LONG_CHARS = 500;
const UPLOAD = /_ref$/;

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The fields of an object schema; `null` where a form cannot stand for it and JSON must be typed. */
export function fieldsOf(schema: Record<string, unknown>): Field[] | null {
  if (!isObject(schema.properties) || Object.keys(schema.properties).length === 0) return null;
  const required = Array.isArray(schema.required) ? schema.required : [];
  return Object.entries(schema.properties).map(([name, shape]) =>
    fieldOf(name, isObject(shape) ? shape : {}, required.includes(name)),
  );
}

function fieldOf(name: string, shape: Shape, isRequired: boolean): Field {
  const inner = nonNull(shape);
  return {
    name,
    label: typeof shape.title === "string" ? shape.title : name,
    kind: kindOf(name, inner),
    description: typeof shape.description === "string" ? shape.description : "",
    isRequired,
    initial: initialOf(shape.default),
    choices: Array.isArray(inner.enum) ? inner.enum.map(String) : [],
    minimum: typeof inner.minimum === "number" ? inner.minimum : undefined,
    maximum: typeof inner.maximum === "number" ? inner.maximum : undefined,
  };
}

/** `T | null` is how Pydantic writes an optional field. */
function nonNull(shape: Shape): Shape {
  if (!Array.isArray(shape.anyOf)) return shape;
  return shape.anyOf.filter(isObject).find((one) => one.type !== "null") ?? shape;
}

function kindOf(name: string, shape: Shape): FieldKind {
  if (Array.isArray(shape.enum)) return "choice";
  switch (shape.type) {
    case "boolean":
      return "boolean";
    case "integer":
      return "integer";
    case "number":
      return "number";
    case "string":
      if (UPLOAD.test(name)) return "upload";
      if (shape.format === "date") return "date";
      return typeof shape.maxLength !== "number" || shape.maxLength > LONG_CHARS ? "long-text" : "text";
    default:
      return "json";
  }
}

function initialOf(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

export type Values = Readonly<Record<string, string>>;

/** What was typed as an input: empty optional fields are left out, so that the function's defaults hold. */
export function inputOf(fields: readonly Field[], values: Values): Record<string, unknown> {
  const pairs = fields
    .filter((field) => field.isRequired || (values[field.name] ?? "") !== "")
    .map((field) => [field.name, typedValue(field, values[field.name] ?? "")]);
  return Object.fromEntries(pairs);
}

function typedValue(field: Field, text: string): unknown {
  switch (field.kind) {
    case "boolean":
      return text === "true";
    case "integer":
    case "number":
      return text === "" ? null : Number(text);
    case "json":
      return JSON.parse(text || "null");
    default:
      return text;
  }
}

/** The first thing wrong with each field, by name; the API has the last word. */
export function faultsOf(fields: readonly Field[], values: Values): Record<string, string> {
  const faults: Record<string, string> = {};
  for (const field of fields) {
    const fault = faultOf(field, values[field.name] ?? "");
    if (fault) faults[field.name] = fault;
  }
  return faults;
}

function faultOf(field: Field, text: string): string {
  if (text === "") return field.isRequired && field.kind !== "boolean" ? "This is needed." : "";
  if (field.kind === "json") return isJson(text) ? "" : "This is not JSON.";
  if (field.kind === "integer" || field.kind === "number") return numberFault(field, Number(text));
  return "";
}

function numberFault({ kind, minimum, maximum }: Field, value: number): string {
  if (Number.isNaN(value)) return "This is not a number.";
  if (kind === "integer" && !Number.isInteger(value)) return "This is not a whole number.";
  if (minimum !== undefined && value < minimum) return `At least ${minimum}.`;
  if (maximum !== undefined && value > maximum) return `At most ${maximum}.`;
  return "";
}

export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
