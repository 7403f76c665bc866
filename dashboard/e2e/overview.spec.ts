import { expect, isLive, test } from "./fixtures";

test("counts follow the tasks while one looks, without a reload", async ({ page, api }) => {
  await page.goto("/");
  await isLive(page);
  const completed = page.getByTestId("flow").getByRole("link", { name: /^Completed/ });
  const number = async () => Number((await completed.textContent())?.replace(/\D/g, ""));
  const before = await number();

  for (let number = 0; number < 5; number++) await api.drill({});

  await expect.poll(number).toBe(before + 5);
});

test("a running task is seen running, and its arrow says how fast", async ({ page, api }) => {
  await page.goto("/");
  await isLive(page);

  const id = await api.drill({ seconds: 8 });

  await expect(page.getByTestId("flow").getByRole("link", { name: /^Running/ })).toHaveText(/Running[1-9]/);
  await expect(
    page
      .getByTestId("flow")
      .getByText(/\d\/(s|min)$/)
      .first(),
  ).toBeVisible();
  await api.post(`/api/v1/tasks/${id}/cancel`);
});

test("each place of the graph opens its tasks", async ({ page }) => {
  for (const [name, address] of [
    ["Dead letters", "state=DLQ"],
    ["Retry", "queue=retry"],
    ["Running", "state=ACTIVE"],
  ] as const) {
    await page.goto("/");
    await page
      .getByTestId("flow")
      .getByRole("link", { name: new RegExp(`^${name}`) })
      .click();
    await expect(page).toHaveURL(new RegExp(address));
  }
});

test("throughput is drawn from what has ended, and is there as a table too", async ({ page, api }) => {
  await api.until(await api.drill({}), "COMPLETED");
  await page.goto("/");
  const card = page.getByRole("region", { name: "Throughput" });

  await card.getByRole("button", { name: "Table" }).click();

  await expect(card.getByRole("columnheader")).toHaveText(["Time", "Completed", "Failed", "Dead letter"]);
  await expect(card.getByRole("row")).toHaveCount(31);
});

test("breakers and the LLM service are in sight", async ({ page }) => {
  await page.goto("/");

  await expect(page.getByText("openrouter: breaker closed")).toBeVisible();
  await expect(page.getByText("LLM: offline provider")).toBeVisible();
});
