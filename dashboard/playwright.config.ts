import { defineConfig } from "@playwright/test";

/** One stack and one browser at a time: what the tests are about is the dashboard, not the machine. */
export default defineConfig({
  testDir: "e2e",
  outputDir: "test-results",
  globalSetup: "./e2e/globalSetup.ts",
  workers: 1,
  fullyParallel: false,
  forbidOnly: true,
  timeout: 60_000,
  expect: { timeout: 15_000 },
  reporter: "list",
  use: {
    viewport: { width: 1440, height: 900 },
    trace: "retain-on-failure",
    launchOptions: { executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] },
  },
  projects: [
    { name: "tests", testMatch: "**/*.spec.ts" },
    { name: "screenshots", testMatch: "**/screenshots.ts" },
  ],
});
