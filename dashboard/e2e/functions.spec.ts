import { fileURLToPath } from "node:url";
import { expect, test } from "./fixtures";

const gazette = fileURLToPath(new URL("../../examples/samples/gazette.pdf", import.meta.url));

test("every function is listed with its queue and leads to its page", async ({ page }) => {
  await page.goto("/functions");

  await page.getByRole("link", { name: /^summarize/ }).click();

  await expect(page.getByRole("heading", { level: 1 })).toHaveText("summarize");
  await expect(page.getByRole("region", { name: "Scaling" })).toBeVisible();
});

test("among many functions the right ones are found by their words, and the address keeps them", async ({
  page,
}) => {
  await page.route("**/api/v1/functions", async (route) => {
    const answer = await route.fetch();
    const { functions } = await answer.json();
    const many = Array.from({ length: 1000 }, (_, number) => ({
      ...functions[0],
      name: `shop-${number}`,
      description: number % 2 ? "Sends an invoice" : "Packs a parcel",
    }));
    await route.fulfill({ json: { functions: many } });
  });
  await page.goto("/functions");
  await expect(page.getByText("1,000 functions")).toBeVisible();
  const cards = page.getByRole("main").getByRole("link");
  await page.getByRole("button", { name: "Show 60 more of 940" }).click();
  await expect(cards).toHaveCount(120);

  await page.keyboard.press("/");
  await page.keyboard.type("invoice -99");

  await expect(page.getByRole("main").getByRole("link")).toHaveText([
    /^shop-99/,
    ...Array(5).fill(/^shop-99\d/),
  ]);
  await expect(page.getByText("6 of 1,000 functions")).toBeVisible();
  await page.reload();
  await expect(page.getByRole("searchbox")).toHaveValue("invoice -99");
  await page.getByRole("searchbox").fill("nothing like it");
  await page.getByRole("button", { name: "Clear the filter" }).click();
  await expect(page.getByText("1,000 functions")).toBeVisible();
});

test("pausing stops the handing out, resuming goes on", async ({ page, api }) => {
  await page.goto("/functions/drill");
  await page.getByRole("button", { name: "Pause" }).click();
  await expect(page.getByText("Paused", { exact: true })).toBeVisible();
  const id = await api.drill({});

  await page.getByRole("button", { name: "Resume" }).click();

  await expect(page.getByRole("button", { name: "Pause" })).toBeVisible();
  await api.until(id, "COMPLETED");
});

test("scaling decisions come with their reasons", async ({ page, api }) => {
  await api.until(await api.drill({}), "COMPLETED");
  await page.goto("/functions/drill");

  const decisions = page.getByRole("list", { name: "Decisions, newest first" });

  await expect(decisions.getByRole("listitem").first()).toContainText(/workers?/);
  const scaling = page.getByRole("region", { name: "Scaling" });
  await expect(scaling.getByRole("img", { name: /^Tasks waiting and running/ })).toBeVisible();
  await scaling.getByRole("button", { name: "Table" }).last().click();
  await expect(scaling.getByRole("row").last()).toContainText(/\d{2}:\d{2}.*\d/);
});

test("what a function calls stands beside its name: breaker and limiter", async ({ page }) => {
  // No limit is set here and no provider reports one, so the answer is given one.
  await page.route("**/api/v1/dependencies/openrouter", async (route) => {
    const answer = await route.fetch();
    const { limiter, ...rest } = await answer.json();
    await route.fulfill({
      json: { ...rest, limiter: { ...limiter, limited: true, tokens: 2.5, capacity: 20 } },
    });
  });
  await page.goto("/functions/summarize");

  await expect(page.getByRole("link", { name: "openrouter: breaker closed 2 of 20 tokens" })).toBeVisible();
});

test("a task is sent with a form made from the schema", async ({ page, api }) => {
  await page.goto("/functions/drill");
  await page.getByRole("button", { name: "Send a task" }).click();
  const dialog = page.getByRole("dialog");

  await dialog.getByLabel("Seconds").fill("700");
  await dialog.getByRole("button", { name: "Send", exact: true }).click();
  await expect(dialog.getByRole("alert")).toHaveText("At most 600.");
  await dialog.getByLabel("Seconds").fill("0");
  await dialog.getByLabel("Label").fill("from a form");
  await dialog.getByRole("button", { name: "Send", exact: true }).click();

  await expect(page).toHaveURL(/\/tasks\/drill-/);
  const id = page.url().split("/").at(-1) ?? "";
  const task = await api.get<{ input: object }>(`/api/v1/tasks/${id}`);
  expect(task.input).toMatchObject({ label: "from a form", outcome: "well", seconds: 0 });
});

test("an input that the API refuses is explained by its fields", async ({ page }) => {
  await page.goto("/functions/drill");
  await page.getByRole("button", { name: "Send a task" }).click();
  await page.getByRole("button", { name: "JSON" }).click();

  await page.getByLabel("Input as JSON").fill('{"outcome": "nobody knows"}');
  await page.getByRole("button", { name: "Send", exact: true }).click();

  await expect(page.getByRole("alert")).toContainText("outcome");
});

test("a newspaper is uploaded, taken apart and shown article by article", async ({ page }) => {
  await page.goto("/functions/pdfxtract");
  await page.getByRole("button", { name: "Send a task" }).click();
  await page.getByLabel("Pdf Ref").setInputFiles(gazette);
  await expect(page.getByRole("dialog").getByText(/^redis:pdfxtract/)).toBeVisible();

  await page.getByRole("button", { name: "Send", exact: true }).click();

  await expect(page).toHaveURL(/\/tasks\/pdfxtract-/);
  await expect(page.getByRole("heading", { name: "Ferry fares to be frozen until autumn" })).toBeVisible({
    timeout: 45_000,
  });
  await expect(page.getByText("2 pages, 9 articles")).toBeVisible();
});
