import { readFileSync } from "node:fs";
import type { Browser, Page } from "@playwright/test";
import { expect, isLive, test } from "./fixtures";
import { freePort, startApi } from "./processes";

/** Ten thousand tasks a minute, for fifteen seconds. */
const [STEPS, STEP_MS, TASKS_PER_STEP] = [30, 500, 84];

const freshness = (page: Page) => page.getByTestId("freshness").first();

test("the page comes back by itself after an API restart, and misses nothing", async ({ page, api }) => {
  const port = await freePort();
  let own = await startApi(port);
  await page.goto(`http://127.0.0.1:${port}/activity`);
  await isLive(page);
  const before = await api.drill({});
  await expect(
    page
      .getByRole("listitem")
      .filter({ hasText: `…${before.slice(-12)}` })
      .first(),
  ).toBeVisible();

  await own.stop();
  await expect(freshness(page)).toHaveText(/Reconnecting/);
  const meanwhile = await api.until(await api.drill({}), "COMPLETED");
  own = await startApi(port);

  await expect(freshness(page)).toHaveText(/Live/, { timeout: 30_000 });
  const missed = page.getByRole("listitem").filter({ hasText: `…${meanwhile.slice(-12)}` });
  await expect(missed.filter({ hasText: "completed" })).toBeVisible();
  await own.stop();
});

test("while the API is away the last data stay, and say how old they are", async ({ page }) => {
  const port = await freePort();
  const own = await startApi(port);
  await page.goto(`http://127.0.0.1:${port}/functions`);
  await expect(page.getByRole("link", { name: /^drill/ })).toBeVisible();

  await own.stop();

  await expect(page.getByText(/As of \d\d:\d\d:\d\d\./)).toBeVisible({ timeout: 30_000 });
  await expect(page.getByRole("link", { name: /^drill/ })).toBeVisible();
});

test("one stream serves all screens; it rests while nobody looks and resumes where it was", async ({
  page,
}) => {
  const streams: Record<string, string>[] = [];
  page.on("request", (request) => {
    if (request.url().endsWith("/api/v1/events")) streams.push(request.headers());
  });
  await page.goto("/");
  await isLive(page);
  for (const screen of ["Tasks", "Functions", "Workers", "Activity"]) {
    await page.getByRole("link", { name: screen, exact: true }).first().click();
    await expect(page.getByRole("heading", { level: 1 })).toHaveText(screen);
  }
  expect(streams).toHaveLength(1);

  await look(page, false);
  await expect(freshness(page)).toHaveText(/Asleep/);
  await look(page, true);
  await isLive(page);

  expect(streams).toHaveLength(2);
  expect(streams[1]?.["last-event-id"]).toMatch(/drill=/);
});

async function look(page: Page, isSeen: boolean): Promise<void> {
  await page.evaluate((hidden) => {
    Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  }, !isSeen);
}

for (const path of ["/", "/activity"])
  test(`ten thousand tasks a minute take less than a fifth of the main thread and 200 MB at ${path}`, async ({
    page,
    browser,
    api,
  }) => {
    await page.goto(path);
    await isLive(page);
    const session = await page.context().newCDPSession(page);
    await session.send("Performance.enable", { timeDomain: "threadTicks" });
    const read = async () => {
      const { metrics } = await session.send("Performance.getMetrics");
      const value = (name: string) => metrics.find((one) => one.name === name)?.value ?? 0;
      return { busyS: value("TaskDuration"), atMs: Date.now() };
    };
    const before = await read();

    const inputs = Array.from({ length: TASKS_PER_STEP }, () => ({ label: "flood" }));
    for (let step = 1; step <= STEPS; step++) {
      await api.post("/api/v1/functions/drill/tasks/bulk", inputs);
      await page.waitForTimeout(Math.max(0, before.atMs + step * STEP_MS - Date.now()));
    }

    const after = await read();
    const share = (after.busyS * 1000 - before.busyS * 1000) / (after.atMs - before.atMs);
    expect(share).toBeLessThan(0.2);
    expect(await tabBytes(browser)).toBeLessThan(200 * 1024 ** 2);
  });

/** What the largest tab's process keeps for itself, as the browser's own task manager counts it. */
async function tabBytes(browser: Browser): Promise<number> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  const tabs = processInfo.filter((one) => one.type === "renderer");
  return Math.max(...tabs.map((one) => privateBytes(readFileSync(`/proc/${one.id}/status`, "utf8"))));
}

function privateBytes(status: string): number {
  const kilobytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1] ?? 0);
  return (kilobytes("RssAnon") + kilobytes("VmSwap")) * 1024;
}
