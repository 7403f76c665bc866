import { expect, test } from "vitest";
import { curlOf, matching, type Operation, readReference, spans } from "./apiReference";
import type { OpenApi, OpenOperation } from "./openApi";

const problem = {
  description: "Not found",
  content: { "application/problem+json": { schema: { $ref: "#/P" } } },
};
const DOCUMENT: OpenApi = {
  tags: [
    { name: "functions", description: "Any function." },
    { name: "unused", description: "Nothing." },
    { name: "tasks" },
  ],
  paths: {
    "/tasks/{task_id}": {
      get: {
        operationId: "get_task",
        summary: "Get a task",
        description: "Get a task.\n\nWith ``wait``\nuntil it has ended.",
        tags: ["tasks"],
        parameters: [
          { name: "task_id", in: "path", required: true, schema: { type: "string" } },
          { name: "wait", in: "query", schema: { type: "number", minimum: 0, maximum: 60, default: 0 } },
        ],
        responses: {
          "404": problem,
          "200": { content: { "application/json": { schema: { $ref: "#/components/schemas/Task" } } } },
        },
        "x-role": "read",
      },
      delete: { operationId: "delete_task", summary: "Delete", tags: ["tasks"], "x-role": "write" },
    },
    "/functions/{name}/tasks": {
      post: {
        operationId: "create_task",
        summary: "Submit a task",
        tags: ["functions"],
        requestBody: {
          content: {
            "text/csv": { schema: { type: "string" } },
            "application/json": { schema: { $ref: "#/components/schemas/Input" } },
          },
        },
        "x-role": "write",
      },
    },
    "/live": { get: { operationId: "live", summary: "Is it alive", "x-role": "public" } },
  },
  components: {
    schemas: {
      State: { enum: ["PENDING", "ACTIVE"] },
      Task: {
        properties: {
          state: { $ref: "#/components/schemas/State" },
          history: { type: "array", items: { $ref: "#/components/schemas/Attempt" } },
          error: { anyOf: [{ type: "string" }, { type: "null" }] },
        },
        required: ["state"],
      },
      Input: {
        properties: {
          text: { type: "string", description: "It's read." },
          count: { type: "integer", minimum: 1 },
          state: { $ref: "#/components/schemas/State" },
          dry_run: { type: "boolean", default: true },
          note: { anyOf: [{ type: "string" }, { type: "null" }], default: null },
        },
        required: ["text", "count", "state"],
      },
    },
  },
};

function operation(id: string, document = DOCUMENT): Operation {
  const found = readReference(document)
    .flatMap((section) => section.operations)
    .find((one) => one.id === id);
  if (!found) throw new Error(`no ${id}`);
  return found;
}
function posting(content: NonNullable<OpenOperation["requestBody"]>["content"]): Operation {
  return operation("x", { paths: { "/x": { post: { operationId: "x", requestBody: { content } } } } });
}

test("operations stand under their tags in the document's order, and those without one are not lost", () => {
  const sections = readReference(DOCUMENT);

  expect(sections.map((one) => [one.name, one.operations.map((each) => each.id)])).toEqual([
    ["functions", ["create_task"]],
    ["tasks", ["get_task", "delete_task"]],
    ["others", ["live"]],
  ]);
  expect(sections[0]?.about).toBe("Any function.");
});

test("an empty document is an empty reference", () => {
  expect(readReference({})).toEqual([]);
  expect(operation("x", { paths: { "/x": { get: { operationId: "x" }, trace: {} } } })).toMatchObject({
    role: "",
  });
});

test("an operation tells role, parameters and answers, and its first sentence once", () => {
  const found = operation("get_task");

  expect(found).toMatchObject({ method: "GET", role: "read", about: ["With ``wait`` until it has ended."] });
  expect(found.parameters.map((one) => [one.place, one.name, one.type, one.required, one.fallback])).toEqual([
    ["path", "task_id", "string", true, ""],
    ["query", "wait", "number, 0 to 60", false, "0"],
  ]);
  expect(found.answers.map((one) => [one.status, one.shape])).toEqual([
    ["200", "Task"],
    ["404", "P"],
  ]);
  expect(found.answers[0]?.fields.map((one) => [one.name, one.type, one.required])).toEqual([
    ["state", "PENDING | ACTIVE", true],
    ["history", "list of Attempt", false],
    ["error", "string or null", false],
  ]);
});

test("a body's example has what must be there and what has a default, JSON before anything else", () => {
  const { body } = operation("create_task");

  expect(body).toMatchObject({ type: "application/json", types: ["text/csv", "application/json"] });
  expect(body?.example).toEqual({ text: "text", count: 1, state: "PENDING", dry_run: true });
});

test("an example that the document gives is used as it is", () => {
  const schema = { example: { a: 1 }, properties: { b: {} }, required: ["b"] };

  expect(posting({ "application/json": { schema } }).body?.example).toEqual({ a: 1 });
  expect(posting({ "application/json": { schema, example: [2] } }).body?.example).toEqual([2]);
});

test("a shape that holds itself has an end", () => {
  const node = { properties: { next: { $ref: "#/components/schemas/Node" } }, required: ["next"] };
  const found = operation("x", {
    paths: {
      "/x": {
        post: {
          operationId: "x",
          requestBody: { content: { "application/json": { schema: { $ref: "#/components/schemas/Node" } } } },
        },
      },
    },
    components: { schemas: { Node: node } },
  });

  expect(JSON.stringify(found.body?.example)).toMatch(/^(\{"next":)+null\}+$/);
});

test("a call names what to fill in, and a key is named, never written out", () => {
  const origin = "http://localhost:8000";

  expect(curlOf(operation("get_task"), origin, true)).toBe(
    `curl -s -H "Authorization: Bearer $ATF_API_KEY" '${origin}/tasks/TASK_ID'`,
  );
  expect(curlOf(operation("delete_task"), origin, false)).toBe(`curl -s -X DELETE '${origin}/tasks/TASK_ID'`);
  expect(curlOf(operation("live"), origin, true)).toBe(`curl -s '${origin}/live'`);
  expect(curlOf(operation("create_task"), origin, false)).toContain(
    `-d '{"text":"text","count":1,"state":"PENDING","dry_run":true}' '${origin}/functions/FUNCTION_NAME/tasks'`,
  );
});

test("a body with a quote survives the shell, and files are sent as files", () => {
  const json = posting({ "application/json": { example: { text: "it's" } } });
  const file = { type: "object", required: ["file"], properties: { file: { type: "string" }, note: {} } };

  expect(curlOf(json, "", false)).toContain(`-d '{"text":"it'\\''s"}'`);
  expect(curlOf(posting({ "multipart/form-data": { schema: file } }), "", false)).toBe(
    "curl -s -F 'file=@file.pdf' '/x'",
  );
  expect(curlOf(posting({ "application/pdf": {} }), "", false)).toContain("--data-binary @FILE");
});

test("a stream is shown as it comes", () => {
  const stream = { responses: { "200": { content: { "text/event-stream": {} } } } };

  expect(
    curlOf(operation("x", { paths: { "/x": { get: { operationId: "x", ...stream } } } }), "", false),
  ).toBe("curl -sN '/x'");
});

test("a filter finds operations that have all of its words, in any order", () => {
  const found = (text: string) =>
    matching(readReference(DOCUMENT), text).flatMap((one) => one.operations.map((each) => each.id));

  expect(found("TASK get")).toEqual(["get_task"]);
  expect(found("write")).toEqual(["create_task", "delete_task"]);
  expect(found(" ")).toHaveLength(4);
  expect(found("nothing like it")).toEqual([]);
});

test("what stands in backticks is code", () => {
  expect(spans("With ``wait`` and `x`.")).toEqual([
    { text: "With ", isCode: false },
    { text: "wait", isCode: true },
    { text: " and ", isCode: false },
    { text: "x", isCode: true },
    { text: ".", isCode: false },
  ]);
});
