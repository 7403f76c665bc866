import { expect, test } from "vitest";
import { readProblem, unreachable } from "./problem";

test("a problem keeps its code, its words and its fields", async () => {
  const fields = [{ pointer: "body.text", detail: "too short", type: "" }];
  const body = {
    title: "Not acceptable",
    status: 422,
    code: "validation_error",
    detail: "no",
    errors: fields,
  };
  const error = await readProblem(new Response(JSON.stringify(body), { status: 422 }));

  expect(error).toMatchObject({ status: 422, code: "validation_error", message: "no", fields });
});

test("what a proxy says becomes a problem too", async () => {
  const error = await readProblem(new Response("<h1>Bad gateway</h1>", { status: 502 }));

  expect(error).toMatchObject({ status: 502, code: "http_502", message: "HTTP 502" });
});

test("silence is told apart from a refusal", () => {
  expect(unreachable(new TypeError("Failed to fetch")).isUnreachable).toBe(true);
});
