import { createHash } from "node:crypto";
import type { Page } from "@playwright/test";
import { violations } from "./axe";
import { expect, isLive, test } from "./fixtures";
import { freePort, startApi } from "./processes";

interface Document {
  paths: Record<string, Record<string, { operationId: string }>>;
}
const PATH = "/api-reference";
const summaries = (page: Page) => page.locator("main summary");
const operation = (page: Page, method: string, path: string) =>
  page.locator("main details").filter({
    has: page.locator("summary").filter({ hasText: method }).getByText(path, { exact: true }),
  });

test("every operation of the document is listed with its method, path and role", async ({ page, api }) => {
  const document = await api.get<Document>("/openapi.json");
  const all = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => [method.toUpperCase(), path] as const),
  );

  await page.goto(PATH);

  await expect(summaries(page)).toHaveCount(all.length);
  await expect(page.getByText(`${all.length} operations`)).toBeVisible();
  for (const [method, path] of all) await expect(operation(page, method, path)).toHaveCount(1);
  await expect(operation(page, "POST", "/api/v1/tasks/bulk").locator("summary")).toContainText("admin");
});

test("an operation tells parameters, body and answers", async ({ page }) => {
  await page.goto(PATH);
  const bulk = operation(page, "POST", "/api/v1/tasks/bulk");

  await bulk.locator("summary").click();

  await expect(bulk.getByText("Needs the role admin.")).toBeVisible();
  await expect(bulk.getByRole("list", { name: "Body" })).toContainText("confirm_token");
  await expect(bulk.getByRole("region", { name: "Example for act_on_tasks as JSON" })).toContainText(
    '"action": "redrive"',
  );
  await expect(bulk.getByRole("list", { name: "Answer 200" })).toContainText("matched");
  await expect(bulk.getByText("409")).toBeVisible();
});

test("the filter is in the address and can be cleared", async ({ page }) => {
  await page.goto(PATH);
  await expect(summaries(page).first()).toBeVisible();
  await page.keyboard.press("/");
  await page.keyboard.type("post retry");

  await expect(page).toHaveURL(/\/api-reference\?q=post(\+|%20)retry$/);
  await expect(summaries(page)).toHaveText([/tasks\/bulk/, /\/retry/]);
  await page.reload();
  await expect(page.getByLabel("Filter operations")).toHaveValue("post retry");
  await expect(summaries(page)).toHaveCount(2);
  await page.getByLabel("Filter operations").fill("nothing is called so");
  await expect(page.getByText("No operation matches")).toBeVisible();
  await page.getByRole("button", { name: "Clear the filter" }).click();

  await expect(page).toHaveURL(/\/api-reference$/);
  await expect(page.getByLabel("Filter operations")).toHaveValue("");
  expect(await summaries(page).count()).toBeGreaterThan(40);
});

test("keys lead there, over the operations, and open them", async ({ page }) => {
  await page.goto("/");
  await isLive(page);
  await page.keyboard.press("g");
  await page.keyboard.press("p");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("API");
  await expect(summaries(page).first()).toBeVisible();

  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await expect(summaries(page).nth(1)).toBeFocused();
  await page.keyboard.press("Enter");

  await expect(page.getByRole("button", { name: "Copy as curl", exact: true })).toBeVisible();
});

test("the copied call is one that the API takes", async ({ page, api, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.goto(`${PATH}?q=bulk`);
  const bulk = operation(page, "POST", "/api/v1/tasks/bulk");
  await bulk.locator("summary").click();

  await bulk.getByRole("button", { name: "Copy as curl" }).click();
  const copied = await page.evaluate(() => navigator.clipboard.readText());

  const [, data = ""] = /-d '([^']*)' /.exec(copied) ?? [];
  expect(copied).toBe(
    `curl -s -H 'Content-Type: application/json' -d '${data}' '${api.url}/api/v1/tasks/bulk'`,
  );
  expect(await api.post("/api/v1/tasks/bulk", JSON.parse(data))).toMatchObject({ dry_run: true });
});

test("an operation is tried on the interactive page, which opens at it", async ({ page }) => {
  await page.goto(`${PATH}?q=get_version`);
  await summaries(page).click();
  await page.getByRole("link", { name: "Try it" }).click();

  await expect(page).toHaveURL(/\/docs#get_version$/);
  await page.locator("#get_version").getByRole("button", { name: "Send" }).click();
  await expect(page.locator("#get_version pre").first()).toContainText("200 OK");
});

test("with a key the document is read with it, and calls name it", async ({ page }) => {
  const key = `atf_reader_${"r".repeat(40)}`;
  const port = await freePort();
  const locked = await startApi(port, {
    ATF_AUTH: "keys",
    ATF_API_KEYS: `reader:read:${createHash("sha256").update(key).digest("hex")}`,
  });
  await page.goto(`http://127.0.0.1:${port}${PATH}`);
  await page.getByLabel("API key").fill(key);
  await page.getByRole("button", { name: "Sign in" }).click();

  const version = operation(page, "GET", "/version");
  await version.locator("summary").click();
  await expect(version).toContainText('curl -s -H "Authorization: Bearer $ATF_API_KEY"');
  await expect(page.locator("main")).not.toContainText(key);

  await version.getByRole("link", { name: "Try it" }).click();
  await page.getByLabel("API key").fill(key);
  await page.getByLabel("API key").press("Tab");
  await page.locator("#get_version").getByRole("button", { name: "Send" }).click();
  await expect(page.locator("#get_version pre").first()).toContainText("200 OK");
  await locked.stop();
});

test("a document that cannot be read says so and is tried again", async ({ page }) => {
  const problem = { code: "defect", title: "Defect", detail: "Something went wrong here." };
  await page.route("**/openapi.json", (route) => route.fulfill({ status: 500, json: problem }));
  await page.goto(PATH);
  await expect(page.getByRole("alert")).toContainText("Something went wrong here.");

  await page.unroute("**/openapi.json");
  await page.getByRole("button", { name: "Try again" }).click();

  await expect(summaries(page).first()).toBeVisible();
});

for (const colorScheme of ["light", "dark"] as const) {
  test(`opened operations have no violation, ${colorScheme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.goto(`${PATH}?q=tasks`);
    await expect(summaries(page).first()).toBeVisible();
    for (const summary of await summaries(page).all()) await summary.click();
    await expect(page.getByRole("button", { name: "Copy as curl", exact: true })).toHaveCount(
      await summaries(page).count(),
    );

    expect(await violations(page)).toEqual([]);
  });
}

test("on a telephone nothing sticks out, opened operations neither", async ({ page }) => {
  await page.setViewportSize({ width: 380, height: 800 });
  await page.goto(PATH);
  await expect(summaries(page).first()).toBeVisible();
  for (const summary of await summaries(page).all()) await summary.click();

  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(380);
});
