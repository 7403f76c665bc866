import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Api, expect, isLive, test } from "./fixtures";

/** Not a test of anything: pictures of every screen, light and dark, for the README and for whoever changes one. */
const FOLDER = fileURLToPath(new URL("../../docs/screenshots", import.meta.url));
const article = readFileSync(new URL("../../examples/samples/article.txt", import.meta.url), "utf8");
const ROUNDS = 24;

test.use({ deviceScaleFactor: 1 });

/** Some of everything: ended well and badly, running, and some that wait. */
async function fill(api: Api): Promise<{ summary: string; paper: string; dead: string }> {
  const paper = await api.extract();
  const summary = await api.submit("summarize", { text: article });
  const dead = await api.drill({ outcome: "badly", label: "import" });
  for (let round = 0; round < ROUNDS; round++) {
    await api.submit("summarize", { text: article });
    await api.drill({
      seconds: (round % 5) / 4,
      outcome: round % 8 === 3 ? "later" : "well",
      label: "report",
    });
    await new Promise((resolve) => setTimeout(resolve, 700));
  }
  await api.until(paper, "COMPLETED");
  await api.until(dead, "DLQ");
  return { summary, paper, dead };
}

test("every screen, light and dark", async ({ page, api }) => {
  test.setTimeout(300_000);
  const { summary, paper, dead } = await fill(api);
  const screens = {
    overview: "/",
    tasks: "/tasks",
    "task-summary": `/tasks/${summary}`,
    "task-newspaper": `/tasks/${paper}`,
    "task-dead-letter": `/tasks/${dead}`,
    functions: "/functions",
    function: "/functions/drill",
    "dead-letters": "/dead-letters",
    workers: "/workers",
    dependencies: "/dependencies",
    activity: "/activity",
    cleanup: "/cleanup",
    "api-reference": "/api-reference",
  };
  for (const [name, path] of Object.entries(screens)) {
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      await page.goto(path);
      await isLive(page);
      await Promise.all(
        Array.from({ length: 6 }, (_, one) => api.drill({ seconds: one / 2, label: "report" })),
      );
      await expect(page.getByText("Loading", { exact: true })).toHaveCount(0);
      await page.waitForTimeout(1_500);
      await page.screenshot({ path: `${FOLDER}/${name}-${colorScheme}.png` });
    }
  }
});
