import { createHash } from "node:crypto";
import { expect, isLive, test } from "./fixtures";
import { freePort, type Program, startApi } from "./processes";

const READER = `atf_reader_${"r".repeat(40)}`;
const ADMIN = `atf_boss_${"b".repeat(40)}`;
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

let url = "";
let locked: Program;

test.beforeAll(async () => {
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  locked = await startApi(port, {
    ATF_AUTH: "keys",
    ATF_API_KEYS: `reader:read:${sha256(READER)},boss:admin:${sha256(ADMIN)}`,
  });
});

test.afterAll(() => locked.stop());

test("a locked API asks for a key, refuses a wrong one and takes a right one", async ({ page }) => {
  await page.goto(url);
  await page.getByLabel("API key").fill(`atf_boss_${"x".repeat(40)}`);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("alert")).toHaveText("The API does not accept this.");

  await page.getByLabel("API key").fill(ADMIN);
  await page.getByRole("button", { name: "Sign in" }).click();

  await isLive(page);
  await expect(page.getByTestId("flow")).toBeVisible();
  await page.getByRole("button", { name: "Settings" }).click();
  await expect(page.getByText("key:boss")).toBeVisible();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
});

test("a key that may only read is offered nothing that changes anything", async ({ page, api }) => {
  const id = await api.until(await api.drill({ outcome: "badly" }), "DLQ");
  const paper = await api.until(await api.extract(), "COMPLETED");
  await page.goto(url);
  await page.getByLabel("API key").fill(READER);
  await page.getByRole("button", { name: "Sign in" }).click();
  await isLive(page);
  await expect(page.getByText("Read only")).toBeVisible();

  await page.goto(`${url}/tasks/${paper}`);
  await expect(page.getByRole("img", { name: "Page 1 of" }).first()).toHaveAttribute("data-state", "drawn");
  for (const [path, sign] of [
    [`/tasks/${id}`, "Timeline"],
    ["/functions/drill", "Scaling"],
    ["/dead-letters", "permanent"],
    ["/dependencies", "History of the breaker"],
    ["/tasks?function=drill", "What happened"],
    ["/cleanup", "Kept for"],
  ] as const) {
    await page.goto(url + path);
    await expect(page.getByText(sign).first()).toBeVisible();
    const acts = page.getByRole("button", {
      name: /^(Retry|Cancel|Delete|Redrive|Pause|Purge|Send a task|Always open)$/,
    });
    await expect(acts).toHaveCount(0);
  }
});
