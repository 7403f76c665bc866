import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "@playwright/test";
import type { AxeResults, RunOptions } from "axe-core";
import { expect, test } from "./fixtures";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const RULES: RunOptions = {
  runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
};

declare global {
  interface Window {
    axe: { run: (where: Document, options: RunOptions) => Promise<AxeResults> };
  }
}

/** What axe finds, as lines that say where. It is evaluated, not added as a tag: the page's CSP allows no tag. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(readFileSync(AXE, "utf8"));
  const found = await page.evaluate((rules) => window.axe.run(document, rules), RULES);
  return found.violations.map(
    (one) => `${one.id}: ${one.nodes.map((node) => node.target.join(" ")).join(", ")}`,
  );
}

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
