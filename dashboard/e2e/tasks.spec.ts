import { expect, isLive, test } from "./fixtures";

test("tasks are found by state, function and id, and the address keeps it", async ({ page, api }) => {
  const id = await api.until(await api.drill({ outcome: "badly" }), "DLQ");
  await page.goto("/tasks");

  await page.getByLabel("State").selectOption("Dead letter");
  await page.getByLabel("Function").selectOption("drill");
  await page.getByLabel("Task id").fill(id);
  await page.keyboard.press("Enter");

  await expect(page).toHaveURL(/state=DLQ/);
  await expect(page).toHaveURL(/function=drill/);
  await expect(page.locator("tbody tr")).toHaveCount(1);
  await page.reload();
  await expect(page.locator("tbody tr")).toHaveCount(1);
  await expect(page.getByLabel("Task id")).toHaveValue(id);
});

test("an error class finds what failed of it", async ({ page, api }) => {
  await api.until(await api.drill({ outcome: "badly" }), "DLQ");
  await page.goto("/tasks?state=DLQ&function=drill");

  await page.getByLabel("Error class").fill("no_such_error");
  await page.keyboard.press("Enter");
  await expect(page.getByText("No task matches")).toBeVisible();
  await page.getByRole("button", { name: "Clear the filters" }).click();

  await expect(page.locator("tbody tr").first()).toBeVisible();
  await expect(page).toHaveURL(/\/tasks$/);
});

test("pages go on by cursor, and back", async ({ page, api }) => {
  await Promise.all(Array.from({ length: 60 }, () => api.drill({})));
  await page.goto("/tasks?function=drill");
  const first = page.locator("tbody tr [data-row]").first();
  const top = await first.getAttribute("href");

  await page.getByRole("button", { name: "Next" }).click();
  await expect(page).toHaveURL(/cursor=/);
  await expect(first).not.toHaveAttribute("href", top ?? "");
  await page.getByRole("button", { name: "Previous" }).click();

  await expect(page).not.toHaveURL(/cursor=/);
  await expect(first).toHaveAttribute("href", top ?? "");
});

test("rows change where they stand, and new tasks wait until they are asked for", async ({ page, api }) => {
  const id = await api.drill({ seconds: 4 });
  await page.goto("/tasks?function=drill");
  await isLive(page);
  const row = page.locator("tbody tr").filter({ has: page.locator(`[href$="${id}"]`) });
  await expect(row).toContainText("Active");
  const before = await page.locator("tbody tr").count();

  await api.drill({});

  await expect(row).toContainText("Completed");
  await expect(page.locator("tbody tr")).toHaveCount(before);
  await page.getByRole("button", { name: /1 new task: show/ }).click();
  await expect(page.getByRole("button", { name: /new task/ })).toBeHidden();
});

test("few tasks are put into another order", async ({ page, api }) => {
  const id = await api.until(await api.drill({ outcome: "badly" }), "DLQ");
  await page.goto("/tasks?function=drill&state=DLQ");

  await page.getByRole("button", { name: "Created" }).click();
  await page.getByRole("button", { name: "Created" }).click();

  await expect(page).toHaveURL(/order=asc/);
  await expect(page.getByRole("columnheader", { name: "Created" })).toHaveAttribute("aria-sort", "ascending");
  await expect(page.locator("tbody [data-row]").last()).toHaveAttribute("href", `/tasks/${id}`);
});

test("an order that the API cannot give is explained, and left again", async ({ page, api }) => {
  const inputs = Array.from({ length: 1001 }, () => ({ label: "order" }));
  await api.post("/api/v1/functions/drill/tasks/bulk", inputs);

  await page.goto("/tasks?function=drill&sort=created_at&order=asc");
  await expect(page.getByRole("alert")).toContainText("more than 1000 tasks match");
  await page.getByRole("button", { name: "Newest first" }).click();

  await expect(page.locator("tbody tr").first()).toBeVisible();
});

test("chosen tasks are retried after a dry run that changes nothing", async ({ page, api }) => {
  const ids = [await api.drill({ outcome: "badly" }), await api.drill({ outcome: "badly" })];
  for (const id of ids) await api.until(id, "DLQ");
  await page.goto("/tasks?function=drill&state=DLQ");
  for (const id of ids) await page.getByLabel(`Choose ${id}`).check();

  await page.getByRole("region", { name: "Bulk actions" }).getByRole("button", { name: "Retry" }).click();
  await expect(page.getByText("2 tasks would be handled. Nothing has been changed yet.")).toBeVisible();
  await page.getByRole("button", { name: "Retry 2 tasks" }).click();

  await expect(page.getByText("2 done.")).toBeVisible();
  for (const id of ids) await api.until(id, "DLQ");
});

test("more than a hundred tasks are deleted only by typing how many", async ({ page, api }) => {
  await api.post("/api/v1/functions/drill/pause");
  await Promise.all(Array.from({ length: 105 }, () => api.drill({ label: "many" })));
  await page.goto("/tasks?function=drill&state=PENDING");
  await page.getByRole("region", { name: "Bulk actions" }).getByRole("button", { name: "Delete" }).click();
  const go = page.getByRole("button", { name: /Delete 10\d tasks/ });
  await expect(go).toBeDisabled();
  const number = (await go.textContent())?.replace(/\D/g, "") ?? "";

  await page.getByLabel(/Type \d+ to go on/).fill(number);
  await go.click();

  await expect(page.getByText(`${number} done.`)).toBeVisible();
});
