import { expect, test } from "vitest";
import { EventParser } from "./parse";

const TEXT = 'retry: 1800\n\nid: a=1-0\nevent: task\ndata: {"x":1}\n\n: ping\n\ndata: one\ndata: two\n\n';

test("events come out whole, whatever pieces they arrive in", () => {
  const whole = new EventParser().push(TEXT);
  const parser = new EventParser();
  const pieces = [...TEXT].flatMap((letter) => parser.push(letter));

  expect(pieces).toEqual(whole);
  expect(whole).toEqual([
    { id: "a=1-0", event: "task", data: '{"x":1}' },
    { id: "a=1-0", event: "message", data: "one\ntwo" },
  ]);
});

test("the pause that the server asks for is kept, and a ping is no event", () => {
  const parser = new EventParser();

  expect(parser.push("retry: 1800\n\n: ping\n\n")).toEqual([]);
  expect(parser.retryMs).toBe(1800);
});

test("a pause that is no number is ignored", () => {
  const parser = new EventParser();
  parser.push("retry: soon\n\n");

  expect(parser.retryMs).toBeUndefined();
});
