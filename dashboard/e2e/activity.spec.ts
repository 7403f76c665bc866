import type { Page } from "@playwright/test";
import { KEPT } from "../src/model/eventLog";
import { expect, isLive, test } from "./fixtures";

const line = (page: Page, id: string) => page.getByRole("listitem").filter({ hasText: `…${id.slice(-12)}` });
const lines = (page: Page) => page.locator("main").getByRole("listitem");

test("what happened before the page was opened stands there, under its hour", async ({ page, api }) => {
  const id = await api.until(await api.drill({ outcome: "badly" }), "DLQ");

  await page.goto("/activity");

  await expect(line(page, id).filter({ hasText: "failed (permanent)" })).toContainText("Dead letter");
  await expect(line(page, id).filter({ hasText: "enqueued" })).toBeVisible();
  await expect(page.getByRole("heading", { level: 2 }).first()).toHaveText(/^\w+ \d+ \w+, \d\d:00$/);
});

test("what happened live is not told again by the past", async ({ page, api }) => {
  await page.goto("/activity");
  await isLive(page);
  const id = await api.until(await api.drill({}), "COMPLETED");
  await expect(line(page, id)).toHaveCount(3);

  await page.getByRole("link", { name: "Tasks", exact: true }).click();
  await page.getByRole("link", { name: "Activity", exact: true }).click();

  await expect(line(page, id)).toHaveCount(3);
});

test("older events follow at the end, by keyboard too, and none is missing", async ({ page, api }) => {
  const first = await api.drill({ label: "first" });
  await api.post(
    "/api/v1/functions/drill/tasks/bulk",
    Array.from({ length: KEPT / 2 - 1 }, () => ({ label: "many" })),
  );
  await expect
    .poll(
      async () => (await api.get<{ queues: { primary: number } }>("/api/v1/queues/status")).queues.primary,
    )
    .toBe(0);
  await page.goto("/activity?show=tasks&function=drill");
  await expect(lines(page)).toHaveCount(KEPT);
  await expect(line(page, first).filter({ hasText: "enqueued" })).toHaveCount(0);

  const older = page.getByRole("button", { name: "Older" });
  await older.focus();
  await page.keyboard.press("Enter");

  await expect(line(page, first).filter({ hasText: "enqueued" })).toBeVisible();
  const whole = await api.get<{ events: { task_id: string | null }[] }>(
    `/api/v1/events/recent?function=drill&limit=${2 * KEPT}`,
  );
  const shown = await lines(page).locator("code").allTextContents();
  const told = whole.events.filter((one) => one.task_id).map((one) => `…${one.task_id?.slice(-12)}`);
  expect(shown.slice(0, told.length)).toEqual(told);
});

test("filters live in the address", async ({ page, api }) => {
  const id = await api.until(await api.drill({}), "COMPLETED");
  await page.goto("/activity");
  await page.getByRole("button", { name: "Tasks", exact: true }).click();
  await page.getByLabel("Function").selectOption("drill");

  await expect(page).toHaveURL(/\/activity\?show=tasks&function=drill$/);
  await page.reload();
  await expect(line(page, id).first()).toBeVisible();
  await expect(page.getByRole("button", { name: "Tasks", exact: true })).toHaveAttribute(
    "aria-pressed",
    "true",
  );
  await page.getByLabel("Function").selectOption("summarize");
  await expect(line(page, id)).toHaveCount(0);
  await page.getByRole("button", { name: "Breakers" }).click();
  await expect(page).toHaveURL(/\/activity\?show=breakers$/);
});

test("while it is held nothing moves, and afterwards nothing is missing", async ({ page, api }) => {
  const before = await api.until(await api.drill({}), "COMPLETED");
  await page.goto("/activity");
  await isLive(page);
  await expect(line(page, before).first()).toBeVisible();

  await page.getByRole("button", { name: "Hold" }).click();
  const held = await lines(page).allTextContents();
  const since = await api.until(await api.drill({}), "COMPLETED");
  await expect(page.getByRole("button", { name: "Go on" })).toBeVisible();
  await expect(line(page, since)).toHaveCount(0);
  expect(await lines(page).locator("code").count()).toBeLessThanOrEqual(held.length);
  await page.getByRole("button", { name: "Go on" }).click();

  await expect(line(page, since)).toHaveCount(3);
});

test("a past that cannot be read says so and is tried again", async ({ page, api }) => {
  const id = await api.until(await api.drill({}), "COMPLETED");
  const problem = { code: "no_store", title: "No store", detail: "The store is away." };
  await page.route("**/api/v1/events/recent*", (route) => route.fulfill({ status: 503, json: problem }));
  await page.goto("/activity");
  await expect(page.getByRole("alert")).toContainText("The store is away.");

  await page.unroute("**/api/v1/events/recent*");
  await page.getByRole("button", { name: "Try again" }).click();

  await expect(line(page, id).first()).toBeVisible();
});

test("on a telephone nothing sticks out", async ({ page, api }) => {
  const id = await api.until(await api.drill({ outcome: "badly" }), "DLQ");
  await page.setViewportSize({ width: 380, height: 800 });
  await page.goto("/activity");
  await expect(line(page, id).first()).toBeVisible();

  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(380);
});
