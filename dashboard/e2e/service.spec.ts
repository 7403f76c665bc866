import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "./fixtures";
import { freePort, Program } from "./processes";

const TEXT =
  "Rivers carry sand to the coast. Dams hold the sand back. So the coast is worn away by the waves. ".repeat(
    4,
  );

test("with a model, here a simulated one, its credits, calls and answers are shown", async ({
  page,
  request,
}) => {
  const folder = mkdtempSync(join(tmpdir(), "atf-service-"));
  const [modelPort, port] = [await freePort(), await freePort()];
  const behaviour = join(folder, "behaviour.json");
  writeFileSync(behaviour, JSON.stringify({ credits: 12.5, cost_per_call: 0.25 }));
  const simulator = [
    "-m",
    "asynctaskflow_openrouter.simulator",
    "--port",
    `${modelPort}`,
    "--behaviour",
    behaviour,
  ];
  const model = new Program("python", simulator, {});
  const stack = new Program("atf", ["up", "--port", `${port}`, "--data-dir", folder, "--grace", "1"], {
    XDG_STATE_HOME: folder,
    OPENROUTER_API_KEY: "sk-simulated",
    OPENROUTER_BASE_URL: `http://127.0.0.1:${modelPort}/api/v1`,
  });
  const url = `http://127.0.0.1:${port}`;
  await stack.until(async () => (await fetch(`${url}/api/v1/functions/summarize`)).ok);

  const answer = await request.post(`${url}/api/v1/functions/summarize/tasks?wait=30`, {
    data: { text: TEXT },
  });
  expect(answer.status()).toBe(200);

  await page.goto(`${url}/`);
  await expect(page.getByText(/LLM: active, \$1\d\.\d\d/)).toBeVisible();
  await page.goto(`${url}/dependencies`);
  await expect(page.getByText("Calls by day")).toBeVisible();
  await expect(page.getByRole("row").nth(1)).toContainText(/\d{4}-\d\d-\d\d\s*[1-9]/);
  await stack.stop();
  await model.stop();
  rmSync(folder, { recursive: true, force: true });
});
