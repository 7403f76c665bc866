import { fileURLToPath } from "node:url";
import { type Api, expect, isLive, test } from "./fixtures";

/** Not a test of anything: pictures of every screen of the demo, light and dark, for the README and for whoever changes one. */
const FOLDER = fileURLToPath(new URL("../../docs/screenshots", import.meta.url));
/** By then the demo has had two rushes and an outage, and the breaker has opened and closed. */
const ENOUGH = { completed: 160, deadLettered: 6 };

test.use({ deviceScaleFactor: 1 });

async function newest(api: Api, name: string, state: string): Promise<string> {
  const query = `task_type=${name}&task_status=${state}&page_size=1`;
  const found = await api.get<{ tasks: { task_id: string }[] }>(`/api/v1/tasks/summaries/?${query}`);
  return found.tasks[0]?.task_id ?? "";
}

test("every screen, light and dark", async ({ page, api }) => {
  test.setTimeout(400_000);
  await expect
    .poll(
      async () => {
        const { states } = await api.get<{ states: Record<string, number> }>("/api/v1/queues/status");
        return (states.COMPLETED ?? 0) >= ENOUGH.completed && (states.DLQ ?? 0) >= ENOUGH.deadLettered;
      },
      { timeout: 240_000 },
    )
    .toBe(true);
  const screens = {
    overview: "/",
    tasks: "/tasks",
    "task-summary": `/tasks/${await newest(api, "summarize", "COMPLETED")}`,
    "task-newspaper": `/tasks/${await newest(api, "pdfxtract", "COMPLETED")}`,
    "task-dead-letter": `/tasks/${await newest(api, "quote", "DLQ")}`,
    functions: "/functions",
    function: "/functions/quote",
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
      await expect(page.getByText("Loading", { exact: true })).toHaveCount(0);
      await page.waitForTimeout(4_000);
      await page.screenshot({ path: `${FOLDER}/${name}-${colorScheme}.png` });
    }
  }
});
