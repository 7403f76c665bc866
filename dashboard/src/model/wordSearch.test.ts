import { expect, test } from "vitest";
import { hasWords, readWordSearch } from "./wordSearch";

test("an address gives words or nothing", () => {
  expect(readWordSearch({ q: "pdf " })).toEqual({ q: "pdf " });
  expect(readWordSearch({ q: " " })).toEqual({});
  expect(readWordSearch({ q: 404 })).toEqual({ q: "404" });
  expect(readWordSearch({ q: ["x"] })).toEqual({});
});

test("a line has all the words in any order and case, and no words at all", () => {
  expect(hasWords("pdfxtract Articles out of newspapers", "news PDF")).toBe(true);
  expect(hasWords("pdfxtract Articles out of newspapers", "pdf summary")).toBe(false);
  expect(hasWords("anything", "  ")).toBe(true);
});
