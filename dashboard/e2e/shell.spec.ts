import { expect, isLive, test } from "./fixtures";

test("keys lead everywhere", async ({ page, api }) => {
  await api.until(await api.drill({}), "COMPLETED");
  await page.goto("/");

  await page.keyboard.press("g");
  await page.keyboard.press("t");
  await expect(page).toHaveURL(/\/tasks$/);
  await expect(page.locator("[data-row]").first()).toBeVisible();
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await page.keyboard.press("k");
  await expect(page.locator("[data-row]").first()).toBeFocused();
  await page.keyboard.press("/");
  await expect(page.getByLabel("Task id")).toBeFocused();
  await page.keyboard.press("Escape");
  await page.getByLabel("Task id").blur();
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog", { name: "Keyboard" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toHaveCount(0);
});

test("the palette goes to a function and to a pasted task", async ({ page, api }) => {
  const id = await api.drill({});
  await page.goto("/");

  await page.keyboard.press("Control+k");
  await page.getByRole("combobox").fill("summ");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/functions\/summarize$/);
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox").fill(id);
  await page.keyboard.press("Enter");

  await expect(page).toHaveURL(new RegExp(`/tasks/${id}$`));
});

test("theme, zone and density are kept", async ({ page }) => {
  await page.goto("/");
  await page.getByRole("button", { name: "Settings" }).click();
  await page.getByRole("button", { name: "Dark" }).click();
  await page.getByRole("button", { name: "UTC" }).click();
  await page.getByRole("button", { name: "Compact" }).click();

  await page.reload();

  const html = page.locator("html");
  await expect(html).toHaveCSS("color-scheme", "dark");
  await expect(html).toHaveAttribute("data-density", "compact");
  await page.getByRole("button", { name: "Settings" }).click();
  await expect(page.getByRole("button", { name: "UTC" })).toHaveAttribute("aria-pressed", "true");
});

test("an address that is no screen says so", async ({ page }) => {
  await page.goto("/tasks");
  await page.evaluate(() => history.pushState({}, "", "/nowhere"));
  await page.evaluate(() => dispatchEvent(new PopStateEvent("popstate")));

  await expect(page.getByText("No screen has this address")).toBeVisible();
});

test("on a telephone the menu leads everywhere and nothing sticks out", async ({ page }) => {
  await page.setViewportSize({ width: 380, height: 800 });
  await page.goto("/");
  for (const screen of [
    "Tasks",
    "Functions",
    "Dead letters",
    "Workers",
    "Dependencies",
    "Activity",
    "Cleanup",
    "API",
  ]) {
    await page.getByRole("button", { name: "Menu" }).click();
    await page.getByRole("dialog").getByRole("link", { name: screen }).click();
    await expect(page.getByRole("heading", { level: 1 })).toHaveText(screen);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(width, screen).toBeLessThanOrEqual(380);
  }
});

test("the first load is small", async ({ page }) => {
  let bytes = 0;
  page.on("response", (response) => {
    if (response.url().includes("/assets/")) bytes += Number(response.headers()["content-length"] ?? 0);
  });

  await page.goto("/");
  await isLive(page);
  await expect(page.getByRole("region", { name: "Throughput" }).getByRole("img")).toBeVisible();

  expect(bytes).toBeGreaterThan(50_000);
  expect(bytes).toBeLessThanOrEqual(200_000);
});

test("the sidebar stays in sight on a long page", async ({ page }) => {
  await page.goto("/api-reference");
  await page.locator("main summary").last().scrollIntoViewIfNeeded();

  await expect(page.getByRole("complementary").getByRole("link", { name: "Overview" })).toBeInViewport();
  await expect(page.getByRole("complementary").getByText(/^version/)).toBeInViewport();
});
