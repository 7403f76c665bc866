import { authorization, quoted } from "./commands";
import {
  exampleOf,
  type OpenApi,
  type OpenContent,
  type OpenOperation,
  type Schema,
  type Schemas,
  typeText,
  withoutNull,
} from "./openApi";
import { hasWords } from "./wordSearch";

/** A parameter, or a field of a body or an answer. */
export interface Field {
  name: string;
  /** Such as `path` or `query`; of a body or an answer: empty. */
  place: string;
  type: string;
  required: boolean;
  about: string;
  /** As it would be written; empty where there is none. */
  fallback: string;
}

export interface Body {
  /** All media types that are taken. */
  types: readonly string[];
  /** The one that an example is made of. */
  type: string;
  shape: string;
  fields: readonly Field[];
  example: unknown;
}

export interface Answer {
  status: string;
  about: string;
  shape: string;
  fields: readonly Field[];
}

export interface Operation {
  id: string;
  method: string;
  path: string;
  summary: string;
  about: readonly string[];
  /** The least role that may call it; `public`: nobody is asked. Empty: the document does not tell. */
  role: string;
  parameters: readonly Field[];
  body: Body | null;
  answers: readonly Answer[];
  isStream: boolean;
}

export interface Section {
  name: string;
  about: string;
  operations: readonly Operation[];
}

const METHODS = ["get", "post", "put", "patch", "delete"];
const EVENTS = "text/event-stream";
const OTHERS = "others";
/** What the example of a body is made of, if it is among what is taken. */
const PREFERRED = ["application/json", "multipart/form-data"];

/** The document as sections of operations, in its own order of tags; what has no tag comes last. */
export function readReference(document: OpenApi): Section[] {
  const schemas = document.components?.schemas ?? {};
  const found = Object.entries(document.paths ?? {}).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([method]) => METHODS.includes(method))
      .map(([method, operation]) => ({
        tag: operation.tags?.[0] ?? OTHERS,
        operation: readOperation(method, path, operation, schemas),
      })),
  );
  const tags = new Map((document.tags ?? []).map((tag) => [tag.name, tag.description ?? ""]));
  for (const { tag } of found) if (!tags.has(tag)) tags.set(tag, "");
  return [...tags]
    .map(([name, about]) => ({
      name,
      about,
      operations: found.filter(({ tag }) => tag === name).map(({ operation }) => operation),
    }))
    .filter((section) => section.operations.length > 0);
}

function readOperation(method: string, path: string, given: OpenOperation, schemas: Schemas): Operation {
  const summary = given.summary ?? "";
  return {
    id: given.operationId ?? `${method} ${path}`,
    method: method.toUpperCase(),
    path,
    summary,
    about: paragraphs(given.description ?? "").filter((one) => one.replace(/\.$/, "") !== summary),
    role: given["x-role"] ?? "",
    parameters: (given.parameters ?? []).map((one) => ({
      ...fieldOf(one.name, one.schema ?? {}, one.required ?? false, schemas),
      place: one.in,
      about: one.description ?? one.schema?.description ?? "",
    })),
    body: readBody(given.requestBody?.content ?? {}, schemas),
    answers: readAnswers(given, schemas),
    isStream: Object.values(given.responses ?? {}).some((one) => one.content?.[EVENTS]),
  };
}

function paragraphs(text: string): string[] {
  return text
    .split(/\n\s*\n/)
    .map((one) => one.replace(/\s+/g, " ").trim())
    .filter(Boolean);
}

function fieldOf(name: string, schema: Schema, required: boolean, schemas: Schemas): Field {
  const fallback = schema.default ?? "";
  const shown = typeof fallback === "string" ? fallback : JSON.stringify(fallback);
  return {
    name,
    place: "",
    type: typeText(schema, schemas),
    required,
    about: schema.description ?? "",
    fallback: shown === "[]" ? "" : shown,
  };
}

/** The fields of an object; of a list those of what it holds. */
function fieldsOf(given: Schema | undefined, schemas: Schemas): Field[] {
  const shape = withoutNull(given ?? {}, schemas);
  if (shape.type === "array") return fieldsOf(shape.items, schemas);
  return Object.entries(shape.properties ?? {}).map(([name, part]) =>
    fieldOf(name, part, shape.required?.includes(name) ?? false, schemas),
  );
}

function readBody(content: Readonly<Record<string, OpenContent>>, schemas: Schemas): Body | null {
  const types = Object.keys(content);
  const type = PREFERRED.find((one) => types.includes(one)) ?? types[0];
  if (!type) return null;
  const { schema, example } = content[type] ?? {};
  return {
    types,
    type,
    shape: typeText(schema ?? {}, schemas),
    fields: fieldsOf(schema, schemas),
    example: example ?? exampleOf(schema, schemas),
  };
}

/** By status: what was asked for before what went wrong. */
function readAnswers(given: OpenOperation, schemas: Schemas): Answer[] {
  return Object.entries(given.responses ?? {})
    .sort(([one], [other]) => one.localeCompare(other))
    .map(([status, { description = "", content = {} }]) => {
      const [type = "", { schema } = {}] = Object.entries(content)[0] ?? [];
      const isJson = type.endsWith("json");
      return {
        status,
        about: description,
        shape: isJson && schema ? typeText(schema, schemas) : type,
        fields: isJson && status.startsWith("2") ? fieldsOf(schema, schemas) : [],
      };
    });
}

/** Sections with the operations that have every word of the text somewhere in their method, path or summary. */
export function matching(sections: readonly Section[], text: string): Section[] {
  const isWanted = (section: Section, { method, path, summary, id, role }: Operation) =>
    hasWords(`${section.name} ${method} ${path} ${summary} ${id} ${role}`, text);
  return sections
    .map((section) => ({
      ...section,
      operations: section.operations.filter((one) => isWanted(section, one)),
    }))
    .filter((section) => section.operations.length > 0);
}

/** A call that can be run once its placeholders, in capitals, are replaced. */
export function curlOf(operation: Operation, origin: string, hasKey: boolean): string {
  const { method, body, role, isStream } = operation;
  const parts = [
    isStream ? "curl -sN" : "curl -s",
    method === "GET" || (method === "POST" && body) ? "" : `-X ${method}`,
    hasKey && role !== "public" ? authorization(hasKey).trim() : "",
    body ? bodyArguments(body) : "",
    quoted(`${origin}${filledPath(operation)}`),
  ];
  return parts.filter(Boolean).join(" ");
}

function bodyArguments({ type, example, fields }: Body): string {
  if (type === "multipart/form-data") {
    const files = fields
      .filter((one) => one.required)
      .map(({ name }) => `-F ${quoted(`${name}=@${name}.pdf`)}`);
    return files.join(" ");
  }
  const header = `-H ${quoted(`Content-Type: ${type}`)}`;
  if (!type.endsWith("json")) return `${header} --data-binary @FILE`;
  return `${header} -d ${quoted(JSON.stringify(example))}`;
}

/** `/functions/{name}/tasks` as `/functions/FUNCTION_NAME/tasks`, with the queries that it cannot do without. */
function filledPath({ path, parameters }: Operation): string {
  const segments = path.split("/").map((segment, position, all) => {
    const [, name] = /^\{(.+)\}$/.exec(segment) ?? [];
    return name ? placeholder(name, all[position - 1] ?? "") : segment;
  });
  const needed = parameters.filter((one) => one.place === "query" && one.required);
  const query = needed.map(({ name }) => `${name}=${placeholder(name, "")}`).join("&");
  return segments.join("/") + (query && `?${query}`);
}

function placeholder(name: string, collection: string): string {
  const one = collection.replace(/ies$/, "y").replace(/s$/, "");
  return (name === "name" && one ? `${one}_name` : name).replaceAll("-", "_").toUpperCase();
}

export interface Span {
  text: string;
  isCode: boolean;
}

/** Text with what stands in backticks apart. */
export function spans(text: string): Span[] {
  return text
    .split(/(``[^`]+``|`[^`]+`)/)
    .filter(Boolean)
    .map((part) => ({ text: part.replace(/^`+|`+$/g, ""), isCode: part.startsWith("`") }));
}
