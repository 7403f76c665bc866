/** The parts of an OpenAPI 3.1 document that are read here. It is the API's own, but another version may say less. */
export interface OpenApi {
  info?: { version?: string };
  tags?: readonly { name: string; description?: string }[];
  paths?: Readonly<Record<string, Readonly<Record<string, OpenOperation>>>>;
  components?: { schemas?: Schemas };
}

export interface OpenOperation {
  operationId?: string;
  summary?: string;
  description?: string;
  tags?: readonly string[];
  parameters?: readonly OpenParameter[];
  requestBody?: { required?: boolean; content?: Readonly<Record<string, OpenContent>> };
  responses?: Readonly<
    Record<string, { description?: string; content?: Readonly<Record<string, OpenContent>> }>
  >;
  "x-role"?: string;
}

interface OpenParameter {
  name: string;
  in: string;
  required?: boolean;
  description?: string;
  schema?: Schema;
}

export interface OpenContent {
  schema?: Schema;
  example?: unknown;
}

export interface Schema {
  $ref?: string;
  type?: string;
  format?: string;
  title?: string;
  description?: string;
  enum?: readonly unknown[];
  const?: unknown;
  default?: unknown;
  example?: unknown;
  examples?: readonly unknown[];
  anyOf?: readonly Schema[];
  oneOf?: readonly Schema[];
  items?: Schema;
  properties?: Readonly<Record<string, Schema>>;
  required?: readonly string[];
  additionalProperties?: unknown;
  minimum?: number;
  maximum?: number;
  maxLength?: number;
}

export type Schemas = Readonly<Record<string, Schema>>;

const DEEPEST = 5;
const BY_FORMAT: Readonly<Record<string, string>> = {
  "date-time": "2026-01-31T12:00:00Z",
  date: "2026-01-31",
};

/** The name that a shape is known by, if it has one. */
function nameOf(schema: Schema): string {
  return schema.$ref?.split("/").pop() ?? "";
}

/** The schema itself, where there is only a reference to it. */
export function resolved(schema: Schema | undefined, schemas: Schemas): Schema {
  return schema?.$ref ? (schemas[nameOf(schema)] ?? {}) : (schema ?? {});
}

function choicesOf(schema: Schema): readonly Schema[] {
  return schema.anyOf ?? schema.oneOf ?? [];
}

/** The shape, where it is that or nothing at all. */
export function withoutNull(schema: Schema, schemas: Schemas): Schema {
  const shape = resolved(schema, schemas);
  const some = choicesOf(shape).find((one) => one.type !== "null");
  return some ? resolved(some, schemas) : shape;
}

/** What a value is, in a few words: `list of TaskSummary`, `integer, 1 to 500`. */
export function typeText(schema: Schema, schemas: Schemas): string {
  const name = nameOf(schema);
  const shape = resolved(schema, schemas);
  if (shape.enum) return shape.enum.map(String).join(" | ");
  if (name) return name;
  if (shape.const !== undefined) return String(shape.const);
  const choices = choicesOf(shape);
  if (choices.length > 0) return choices.map((one) => typeText(one, schemas)).join(" or ");
  if (shape.type === "array") return `list of ${typeText(shape.items ?? {}, schemas)}`;
  return `${shape.type ?? "any JSON"}${shape.format ? ` (${shape.format})` : ""}${rangeText(shape)}`;
}

function rangeText({ minimum, maximum, maxLength }: Schema): string {
  if (minimum !== undefined && maximum !== undefined) return `, ${minimum} to ${maximum}`;
  if (minimum !== undefined) return `, from ${minimum}`;
  if (maximum !== undefined) return `, up to ${maximum}`;
  return maxLength === undefined ? "" : `, up to ${maxLength} characters`;
}

/** A value of that shape: an example if there is one, otherwise what must be in it and what has a default. */
export function exampleOf(given: Schema | undefined, schemas: Schemas, depth = 0): unknown {
  const schema = resolved(given, schemas);
  const [said] = [schema.example, schema.examples?.[0], schema.default ?? undefined, schema.const]
    .concat(schema.enum?.slice(0, 1))
    .filter((one) => one !== undefined);
  if (said !== undefined) return said;
  if (depth > DEEPEST) return null;
  const choice = choicesOf(schema).find((one) => one.type !== "null");
  if (choice) return exampleOf(choice, schemas, depth + 1);
  if (schema.properties) return objectExample(schema, schemas, depth);
  if (schema.type === "array") return [exampleOf(schema.items, schemas, depth + 1)];
  return plainExample(schema);
}

function objectExample(schema: Schema, schemas: Schemas, depth: number): unknown {
  const isTold = ([name, { default: fallback, example }]: [string, Schema]) =>
    schema.required?.includes(name) || example !== undefined || (fallback !== undefined && fallback !== null);
  const parts = Object.entries(schema.properties ?? {}).filter(isTold);
  return Object.fromEntries(parts.map(([name, part]) => [name, exampleOf(part, schemas, depth + 1)]));
}

function plainExample({ type, format, minimum }: Schema): unknown {
  switch (type) {
    case "string":
      return BY_FORMAT[format ?? ""] ?? "text";
    case "integer":
    case "number":
      return minimum ?? 1;
    case "boolean":
      return true;
    default:
      return {};
  }
}
