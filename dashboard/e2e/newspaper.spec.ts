import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import type { Locator, Page } from "@playwright/test";
import { type Api, expect, gazette, isLive, test } from "./fixtures";
import { type ImageKind, imagePdf, textPdf } from "./pdfs";
import { PYTHON } from "./processes";

const FIRST_LOAD_BYTES = 200_000;
const FORGET = "import os, sys, redis; redis.from_url(os.environ['ATF_E2E_REDIS']).delete(sys.argv[1])";

const printed = async (api: Api, pdf?: Buffer) => api.until(await api.extract(pdf), "COMPLETED");
const image = (page: Page, number = 1) => page.locator(`canvas[aria-label="Page ${number} of gazette.pdf"]`);
const place = (page: Page, number = 1) =>
  page.getByRole("button", { name: `Open Page ${number} of gazette.pdf large` });

async function isDrawn(canvas: Locator): Promise<void> {
  await expect(canvas).toHaveAttribute("data-state", "drawn");
}

/** Share of a canvas's pixels that are dark on paper. */
function ink(canvas: Locator): Promise<number> {
  return canvas.evaluate((found: HTMLCanvasElement) => {
    const pixels = found.getContext("2d")?.getImageData(0, 0, found.width, found.height).data;
    let dark = 0;
    for (let at = 0; pixels && at < pixels.length; at += 4) {
      if ((pixels[at] ?? 255) < 128 && pixels[at + 3] === 255) dark++;
    }
    return dark / (found.width * found.height);
  });
}

async function box(found: Locator) {
  const shape = await found.boundingBox();
  if (!shape) throw new Error("it is not on the page");
  return shape;
}

/** The upload as if another file had been sent. */
async function insteadOfTheUpload(page: Page, pdf: Buffer): Promise<void> {
  await page.route("**/uploads/pdf_ref", (route) =>
    route.fulfill({ body: pdf, contentType: "application/pdf" }),
  );
}

test("a page is shown beside its articles, and stays while they scroll", async ({ page, api }) => {
  await page.goto(`/tasks/${await printed(api)}`);
  await isDrawn(image(page));
  const [sheet, article] = [await box(image(page)), await box(page.getByRole("article").first())];

  expect(await ink(image(page))).toBeGreaterThan(0.03);
  expect(sheet.width / sheet.height).toBeCloseTo(640 / 900, 1);
  expect(article.x).toBeGreaterThan(sheet.x + sheet.width);
  expect(Math.abs(article.y - sheet.y)).toBeLessThan(40);

  await page.getByRole("article").nth(3).scrollIntoViewIfNeeded();
  await page.mouse.wheel(0, 60);
  await expect.poll(async () => (await box(image(page))).y).toBeLessThan(100);
  expect((await box(image(page))).y).toBeGreaterThan(54);
});

test("on a telephone the page is above its articles", async ({ page, api }) => {
  await page.setViewportSize({ width: 380, height: 800 });
  await page.goto(`/tasks/${await printed(api)}`);
  await place(page).scrollIntoViewIfNeeded();
  await isDrawn(image(page));
  const [sheet, article] = [await box(image(page)), await box(page.getByRole("article").first())];

  expect(sheet.width).toBeGreaterThan(300);
  expect(article.y).toBeGreaterThan(sheet.y + sheet.height);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(380);
});

test("a page opens large with Enter and closes with Escape", async ({ page, api }) => {
  await page.goto(`/tasks/${await printed(api)}`);
  await isDrawn(image(page));
  await place(page).press("Enter");
  const large = page.getByRole("dialog", { name: "Page 1 of gazette.pdf" });
  await isDrawn(large.locator("canvas"));

  expect((await box(large.locator("canvas"))).width).toBeGreaterThan(1000);
  expect(await ink(large.locator("canvas"))).toBeGreaterThan(0.03);
  await page.keyboard.press("Escape");
  await expect(large).toBeHidden();
  await expect(place(page)).toBeFocused();
  expect(await ink(image(page)), "the small one is still there").toBeGreaterThan(0.03);
});

test("of many pages only those nearby hold pixels, and text needs no font of the file", async ({
  page,
  api,
}) => {
  const fonts: number[] = [];
  page.on("response", (answer) => {
    if (answer.url().includes("/standard_fonts/")) fonts.push(answer.status());
  });
  await page.goto(`/tasks/${await printed(api, textPdf(24))}`);
  await isDrawn(image(page));
  expect(await ink(image(page))).toBeGreaterThan(0.02);
  expect(fonts, "Helvetica, plain and bold, comes from our own files").toEqual([200, 200]);

  for (const number of [12, 24]) {
    await place(page, number).scrollIntoViewIfNeeded();
    await isDrawn(image(page, number));
    await expect(image(page)).toHaveCount(0);
    expect(await page.locator("canvas[role=img]").count()).toBeLessThan(12);
  }
});

test("a PDF that is part of the input is shown from there", async ({ page, api }) => {
  const input = { pdf_base64: gazette.toString("base64"), filename: "gazette.pdf" };
  const id = await api.until(await api.submit("pdfxtract", input), "COMPLETED");
  await page.goto(`/tasks/${id}`);
  await isDrawn(image(page));

  expect(await ink(image(page))).toBeGreaterThan(0.03);
});

for (const kind of ["jpeg2000", "fax"] as const satisfies readonly ImageKind[]) {
  test(`a scan in ${kind} is drawn without WebAssembly`, async ({ page, api }) => {
    const id = await printed(api);
    await insteadOfTheUpload(page, imagePdf(kind));
    await page.goto(`/tasks/${id}`);
    await isDrawn(image(page));

    expect(await ink(image(page))).toBeCloseTo(0.5, 1);
  });
}

test("without the upload the articles have all the room, and one line says why", async ({ page, api }) => {
  const id = await printed(api);
  const { input } = await api.get<{ input: { pdf_ref: string } }>(`/api/v1/tasks/${id}`);
  const [name, blob] = input.pdf_ref.replace("redis:", "").split("/");
  execFileSync(PYTHON, ["-c", FORGET, `blob:{${name}}:${blob}`]);
  await page.goto(`/tasks/${id}`);
  const result = page.getByRole("region", { name: "Result" });

  await expect(result).toContainText("The upload is gone: uploads are kept for 90 days");
  await expect(result.getByRole("article")).toHaveCount(9);
  await expect(page.locator("canvas[role=img]")).toHaveCount(0);
  const [article, whole] = [await box(result.getByRole("article").first()), await box(result)];
  expect(article.x - whole.x).toBeLessThan(30);
});

test("a damaged PDF is one line too", async ({ page, api }) => {
  const id = await printed(api);
  await insteadOfTheUpload(page, Buffer.from("%PDF-1.7 and nothing else"));
  await page.goto(`/tasks/${id}`);

  await expect(page.getByText("No images of the pages: the PDF cannot be read.")).toBeVisible();
  await expect(page.getByRole("article")).toHaveCount(9);
});

test("an upload is downloaded as it was sent", async ({ page, api }) => {
  await page.goto(`/tasks/${await printed(api)}`);
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Download gazette.pdf" }).click(),
  ]);

  expect(download.suggestedFilename()).toBe("gazette.pdf");
  expect(readFileSync(await download.path()).equals(gazette)).toBe(true);
});

test("what draws pages is loaded with a newspaper and never before", async ({ page, api }) => {
  const loaded: { path: string; bytes: number }[] = [];
  page.on("response", async (answer) => {
    const length = Number((await answer.headerValue("content-length")) ?? 0);
    loaded.push({ path: new URL(answer.url()).pathname, bytes: length });
  });
  const ours = () => loaded.filter(({ path }) => path.startsWith("/assets/"));
  const id = await api.until(await api.drill({}), "COMPLETED");
  await page.goto("/");
  await isLive(page);
  await page.waitForLoadState("load");

  expect(ours().reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThan(FIRST_LOAD_BYTES);
  await page.goto(`/tasks/${id}`);
  await expect(page.getByRole("region", { name: "result as JSON" })).toBeVisible();
  expect(ours().filter(({ path, bytes }) => path.includes("pdf") || bytes > 120_000)).toEqual([]);

  await page.goto(`/tasks/${await printed(api)}`);
  await isDrawn(image(page));
  expect(ours().some(({ path }) => path.includes("pdf.worker"))).toBe(true);
});
