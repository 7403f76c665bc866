import { expect, isLive, test } from "./fixtures";

interface Groups {
  groups: { function: string; error_class: string; fingerprint: string; last_error: string; count: number }[];
}

test("dead letters stand by function and error, and one group is redriven at a pace", async ({
  page,
  api,
}) => {
  const row = (number: number) => api.drill({ outcome: "badly", label: `row ${number}` });
  const ids = await Promise.all([row(17), row(99), api.drill({ outcome: "badly", label: "host" })]);
  for (const id of ids) await api.until(id, "DLQ");
  const [first, second, other] = ids as [string, string, string];
  await page.goto("/dead-letters");
  const groups = page.getByRole("region", { name: /^drill/ }).getByRole("listitem");
  const rows = groups.filter({ hasText: "drill row" });
  await expect(rows).toHaveCount(1);
  await expect(rows).toContainText("permanent");
  await expect(rows.locator("time").first()).toBeVisible();
  await expect(groups.filter({ hasText: "drill host was asked to end badly" })).toHaveCount(1);

  await rows.getByRole("button", { name: "Redrive" }).click();
  await page.getByLabel("Pace").selectOption("100 a second");
  await page.getByRole("button", { name: /^Redrive [\d,]+ task/ }).click();

  await expect(page.getByText(/[\d,]+ done\.$/)).toBeVisible();
  for (const [id, redrives] of [
    [first, 1],
    [second, 1],
    [other, 0],
  ] as const) {
    expect((await api.get<{ redrives: number }>(`/api/v1/tasks/${id}`)).redrives, id).toBe(redrives);
  }
});

test("a group of dead letters leads to its tasks, and is deleted alone", async ({ page, api }) => {
  const gone = await api.until(await api.drill({ outcome: "badly", label: "to be gone 1" }), "DLQ");
  const kept = await api.until(await api.drill({ outcome: "badly", label: "to be kept 1" }), "DLQ");
  const { groups } = await api.get<Groups>("/api/v1/queues/dlq/groups");
  const group = groups.find((one) => one.last_error.includes("to be gone"));
  await page.goto("/dead-letters");
  const item = page.getByRole("listitem").filter({ hasText: "to be gone" });

  await item.getByRole("heading").getByRole("link").click();
  await expect(page.getByLabel("Error class")).toHaveValue(`permanent/${group?.fingerprint}`);
  await expect(page.locator("main").getByRole("link", { name: gone.slice(-36) })).toBeVisible();
  await expect(page.locator("main").getByRole("link", { name: kept.slice(-36) })).toHaveCount(0);
  await page.goBack();
  await item.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("button", { name: "Delete 1 task" }).click();

  await expect(page.getByText("1 done.")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(item).toHaveCount(0);
  await expect(page.getByRole("listitem").filter({ hasText: "to be kept" })).toBeVisible();
});

test("workers are listed with what they do", async ({ page, api }) => {
  const id = await api.drill({ seconds: 6 });
  await page.goto("/workers");

  await expect(page.getByRole("row").filter({ hasText: id.slice(-6) })).toContainText("busy");
  await api.post(`/api/v1/tasks/${id}/cancel`);
});

test("a breaker is opened, closed and left to itself again", async ({ page, api }) => {
  await page.goto("/dependencies");
  const card = page.getByRole("region", { name: "openrouter" });

  for (const [button, text] of [
    ["Always open", "breaker open, by hand"],
    ["Always closed", "breaker closed, by hand"],
    ["Automatic", "breaker closed"],
  ] as const) {
    await card.getByRole("button", { name: button }).click();
    await expect(card.getByText(text, { exact: true })).toBeVisible();
  }
  await expect(
    card.getByRole("list", { name: /Transitions/ }).or(card.getByText("never changed")),
  ).toBeVisible();
  const state = await api.get<{ breaker: { override: string } }>("/api/v1/dependencies/openrouter");
  expect(state.breaker.override).toBe("Auto");
});

test("activity tells what happens and what was decided", async ({ page, api }) => {
  await page.goto("/activity");
  await isLive(page);
  const id = await api.drill({ outcome: "badly" });

  const line = page.getByRole("listitem").filter({ hasText: `…${id.slice(-12)}` });
  await expect(line.filter({ hasText: "failed (permanent)" })).toContainText("Dead letter");
  await page.getByRole("button", { name: "Scaling" }).click();

  await expect(page.getByRole("listitem").filter({ hasText: "workers" }).first()).toBeVisible();
  await expect(line).toHaveCount(0);
});

test("ended tasks are purged by age, after a preview", async ({ page, api }) => {
  const id = await api.until(await api.drill({}), "COMPLETED");
  await page.goto("/cleanup");
  const purge = page.getByRole("button", { name: "Purge COMPLETED of drill" });

  await purge.click();
  await expect(page.getByText("No task matches.")).toBeVisible();
  await page.getByRole("button", { name: "Do nothing" }).click();
  await page.getByLabel("Age of tasks of drill").selectOption("Purge of any age");
  await purge.click();
  const go = page.getByRole("button", { name: /^Delete [\d,]+ tasks?$/ });
  const number = (await go.textContent())?.replace(/\D/g, "") ?? "";
  const typed = page.getByLabel(/Type \d+ to go on/);
  if (Number(number) > 100) await typed.fill(number);
  await go.click();

  await expect(page.getByText(/[\d,]+ done\.$/)).toBeVisible({ timeout: 30_000 });
  expect((await fetch(`${api.url}/api/v1/tasks/${id}`)).status).toBe(404);
});

test("a look for orphans says what it found", async ({ page }) => {
  await page.goto("/cleanup");

  await page.getByRole("button", { name: "Look, and queue them again" }).click();

  await expect(page.getByText("Found 0 orphaned tasks, requeued 0")).toBeVisible();
});
