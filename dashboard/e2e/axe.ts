import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "@playwright/test";
import type { AxeResults, RunOptions } from "axe-core";

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
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(readFileSync(AXE, "utf8"));
  const found = await page.evaluate((rules) => window.axe.run(document, rules), RULES);
  return found.violations.map(
    (one) => `${one.id}: ${one.nodes.map((node) => node.target.join(" ")).join(", ")}`,
  );
}
