import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const BIN = fileURLToPath(new URL("../../.venv/bin", import.meta.url));
export const PYTHON = `${BIN}/python`;
const POLL_MS = 100;

/** A port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => (typeof address === "object" && address ? resolve(address.port) : reject()));
    });
  });
}

/** One program of ours, with the end of what it said at hand. */
export class Program {
  private said = "";
  private readonly child: ChildProcess;
  private readonly ended: Promise<void>;

  constructor(name: string, args: readonly string[], env: Readonly<Record<string, string>>) {
    this.child = spawn(`${BIN}/${name}`, args, { env: { ...process.env, ...env } });
    // A test that fails before it stops a program must not leave it behind.
    process.once("exit", () => this.child.kill("SIGKILL"));
    this.ended = new Promise((resolve) => this.child.once("exit", () => resolve()));
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.on("data", (chunk: Buffer) => {
        this.said = (this.said + chunk.toString()).slice(-4000);
      });
    }
  }

  /** Waits until a condition holds; fails with the program's last words. */
  async until(holds: () => Promise<boolean>, withinMs = 30_000): Promise<void> {
    const endMs = Date.now() + withinMs;
    while (!(await holds().catch(() => false))) {
      if (this.child.exitCode !== null || Date.now() > endMs)
        throw new Error(`it did not come up:\n${this.said}`);
      await pause(POLL_MS);
    }
  }

  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    this.child.kill(signal);
    await this.ended;
  }
}

/** An API of its own over a stack's Redis, for tests that stop it or lock it. */
export async function startApi(port: number, env: Readonly<Record<string, string>> = {}): Promise<Program> {
  const api = new Program("python", ["-m", "asynctaskflow_api.main"], {
    ATF_REDIS_URL: process.env.ATF_E2E_REDIS ?? "",
    ATF_API_PORT: String(port),
    ATF_AUTH: "off",
    ...env,
  });
  await api.until(async () => (await fetch(`http://127.0.0.1:${port}/ready`)).ok);
  return api;
}
