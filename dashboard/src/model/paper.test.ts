import { expect, test } from "vitest";
import { decodeBase64, namedUploads, pdfSource, savedName, scaleOf } from "./paper";

test("the fields that name uploads are found, as the API finds them", () => {
  expect(namedUploads({ pdf_ref: "redis:a/b", other_ref: 3, reference: "x", _ref: "y" })).toEqual([
    "pdf_ref",
    "_ref",
  ]);
  expect([namedUploads(null), namedUploads("pdf_ref"), namedUploads([1])]).toEqual([[], [], []]);
});

test("pages are shown from an upload or from the input itself", () => {
  expect(pdfSource({ pdf_ref: "redis:a/b", pdf_base64: null })).toEqual({ kind: "upload", field: "pdf_ref" });
  expect(pdfSource({ pdf_base64: "JVBERg==" })).toEqual({ kind: "inline", base64: "JVBERg==" });
  expect([pdfSource({ text: "a" }), pdfSource(undefined)]).toEqual([null, null]);
});

test("base 64 becomes bytes, and anything else is refused", () => {
  expect([...decodeBase64("JVBE/w==")]).toEqual([0x25, 0x50, 0x44, 0xff]);
  expect(() => decodeBase64("no base 64!")).toThrow();
});

test("an upload is saved under the name that the input gives", () => {
  expect(savedName({ filename: "gazette.pdf" }, "pdf_ref")).toBe("gazette.pdf");
  expect(savedName({ filename: "" }, "pdf_ref")).toBe("pdf");
});

test("a page is as sharp as the screen, up to a number of pixels", () => {
  const page = { width: 600, height: 800 };

  expect(scaleOf(page, { width: 300, density: 2, maxPixels: 1_000_000 })).toBe(1);
  expect(scaleOf(page, { width: 3000, density: 3, maxPixels: 480_000 })).toBe(1);
  expect(scaleOf({ width: 6, height: 80_000 }, { width: 300, density: 2, maxPixels: 480_000 })).toBe(1);
});
