import { violations } from "./axe";
import { expect, test } from "./fixtures";

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme, reducedMotion: "reduce" });

    test("no screen has a violation", async ({ page, api }) => {
      test.setTimeout(120_000);
      const dead = await api.until(await api.drill({ outcome: "badly" }), "DLQ");
      const done = await api.until(
        await api.submit("summarize", { text: "Cats sleep. Dogs bark. Cats win." }),
        "COMPLETED",
      );
      const paper = await api.until(await api.extract(), "COMPLETED");
      for (const path of [
        "/",
        "/tasks",
        "/tasks?function=drill&state=DLQ",
        `/tasks/${dead}`,
        `/tasks/${done}`,
        `/tasks/${paper}`,
        "/functions",
        "/functions/drill",
        "/dead-letters",
        "/workers",
        "/dependencies",
        "/activity",
        "/cleanup",
        "/api-reference",
      ]) {
        await page.goto(path);
        await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
        await expect(page.getByText("Loading", { exact: true })).toHaveCount(0);
        expect(await violations(page), path).toEqual([]);
      }
    });

    test("no dialog has a violation", async ({ page, api }) => {
      await api.until(await api.drill({ outcome: "badly" }), "DLQ");
      const paper = await api.until(await api.extract(), "COMPLETED");
      const dialogs: readonly [path: string, open: () => Promise<void>][] = [
        ["/", () => page.keyboard.press("Control+k")],
        ["/", () => page.keyboard.press("?")],
        ["/", () => page.getByRole("button", { name: "Settings" }).click()],
        ["/functions/drill", () => page.getByRole("button", { name: "Send a task" }).click()],
        [`/tasks/${paper}`, () => page.getByRole("button", { name: "Open Page 1" }).click()],
        ["/dead-letters", () => page.getByRole("button", { name: "Redrive" }).first().click()],
      ];
      for (const [path, open] of dialogs) {
        await page.goto(path);
        await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
        await open();
        await expect(page.getByRole("dialog")).toBeVisible();
        await expect(page.getByText("Loading", { exact: true })).toHaveCount(0);
        expect(await violations(page), path).toEqual([]);
      }
    });
  });
}
