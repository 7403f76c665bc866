import { readFileSync } from "node:fs";
import { expect, isLive, test } from "./fixtures";

const article = readFileSync(new URL("../../examples/samples/article.txt", import.meta.url), "utf8");

test("a task is followed while it runs", async ({ page, api }) => {
  const id = await api.drill({ seconds: 5, label: "followed" });
  await page.goto(`/tasks/${id}`);
  await isLive(page);

  await expect(page.getByText(/step \d of 4/)).toBeVisible();
  await expect(page.getByText("Completed").first()).toBeVisible();
  await expect(page.getByRole("region", { name: "result as JSON" })).toContainText('"label": "followed"');
});

test("a failure is shown at the attempt that it ended, and a retry starts over", async ({ page, api }) => {
  const id = await api.until(await api.drill({ outcome: "badly", label: "retried" }), "DLQ");
  await page.goto(`/tasks/${id}`);

  await expect(page.getByText("drill retried was asked to end badly")).toBeVisible();
  await page.getByRole("button", { name: "Retry" }).click();

  await expect(page.getByText("The task is queued again.")).toBeVisible();
  await api.until(id, "DLQ");
});

test("a task that failed once shows both of its attempts", async ({ page, api }) => {
  const id = await api.until(await api.drill({ outcome: "later" }), "COMPLETED");
  await page.goto(`/tasks/${id}`);

  await expect(page.getByText("drill was asked to fail at first")).toBeVisible();
  await expect(page.getByText("attempt 2")).toBeVisible();
});

test("a paused function is named as the reason for waiting, and cancelling asks first", async ({
  page,
  api,
}) => {
  await api.post("/api/v1/functions/drill/pause");
  const id = await api.drill({});
  await page.goto(`/tasks/${id}`);

  await expect(page.getByRole("region", { name: "Why it waits" })).toContainText("paused");
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByRole("button", { name: "Cancel the task" }).click();

  await expect(page.getByText("Cancelled").first()).toBeVisible();
});

test("deleting asks first and leads back to the list", async ({ page, api }) => {
  const id = await api.until(await api.drill({}), "COMPLETED");
  await page.goto(`/tasks/${id}`);

  await page.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("button", { name: "Keep it" }).click();
  await page.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("button", { name: "Delete the task" }).click();

  await expect(page).toHaveURL(/\/tasks$/);
  expect((await fetch(`${api.url}/api/v1/tasks/${id}`)).status).toBe(404);
});

test("a summary is read as text", async ({ page, api }) => {
  const id = await api.until(await api.submit("summarize", { text: article }), "COMPLETED");
  await page.goto(`/tasks/${id}`);
  const result = page.getByRole("region", { name: "Result" });

  await expect(result).toContainText("by offline, lexrank");
  await result.getByRole("button", { name: "JSON" }).click();

  await expect(page.getByRole("region", { name: "result as JSON" })).toContainText('"provider": "offline"');
});

test("commands for a shell are copied", async ({ page, api, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const id = await api.drill({});
  await page.goto(`/tasks/${id}`);

  for (const [name, part] of [
    ["curl", `/api/v1/tasks/${id}`],
    ["atf", `atf get ${id}`],
    ["kubectl", `kubectl get task ${id}`],
  ] as const) {
    await page.getByRole("button", { name: `Copy as ${name}` }).click();
    await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toContain(part);
  }
});

test("a task that is not there is said to be not there", async ({ page }) => {
  await page.goto("/tasks/drill-00000000-0000-7000-8000-000000000000");

  await expect(page.getByRole("alert")).toContainText("not found");
});
