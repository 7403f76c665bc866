import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort, Program } from "./processes";

const FUNCTIONS = fileURLToPath(new URL("functions", import.meta.url));

/** A whole local stack for all tests: embedded server, API with dashboard, supervisor and real workers; for pictures the demo. */
export default async function globalSetup(): Promise<() => Promise<void>> {
  const folder = mkdtempSync(join(tmpdir(), "atf-dashboard-"));
  const port = await freePort();
  const demo = process.env.ATF_E2E_DEMO ? ["--demo"] : [];
  const args = ["up", ...demo, "--port", `${port}`, "--data-dir", join(folder, "data")];
  const stack = new Program("atf", [...args, "--functions", FUNCTIONS, "--grace", "1"], {
    XDG_STATE_HOME: folder,
    OPENROUTER_API_KEY: "",
  });
  const url = `http://127.0.0.1:${port}`;
  await stack.until(async () => {
    const found = await fetch(`${url}/api/v1/functions/pdfxtract`);
    return Object.keys((await found.json()).input_schema).length > 0;
  });
  process.env.ATF_E2E_URL = url;
  // Where other `atf` commands find the stack; its Redis has a password, so that only its owner's programs come in.
  const record = readFileSync(join(folder, "asynctaskflow", "stack.json"), "utf8");
  process.env.ATF_E2E_REDIS = JSON.parse(record).redis_url;
  return async () => {
    await stack.stop();
    rmSync(folder, { recursive: true, force: true });
  };
}
