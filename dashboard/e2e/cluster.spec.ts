import type { Page } from "@playwright/test";
import { violations } from "./axe";
import { expect, test } from "./fixtures";

// There is no cluster behind this stack: the one answer about it is given here. tests/integration/kube/test_kube_facts.py
// holds the API to these shapes with a real API server.
const ADDRESS = "**/api/v1/functions/drill/cluster";
const POD = "atf-drill-7d4b9c6f8d-x2v9k";
const IMAGE = "registry.test/team/drill:2026-11-26";
const PULL = `Back-off pulling image "${IMAGE}": not found`;
const now = (secondsAgo: number) => new Date(Date.now() - secondsAgo * 1000).toISOString();

const event = (reason: string, secondsAgo: number, more: object = {}) => ({
  at: now(secondsAgo),
  type: "Normal",
  reason,
  message: `${reason} of ${POD}`,
  object: `Pod/${POD}`,
  count: 1,
  function: "drill",
  ...more,
});

const FACTS = {
  enabled: true,
  available: true,
  why: "",
  namespace: "tasks",
  conditions: [
    {
      of: "Function",
      type: "Ready",
      status: "False",
      reason: "NoWorkerReady",
      message: "0 of 2 workers are ready",
      since: now(90),
    },
    {
      of: "Function",
      type: "QueueReadable",
      status: "True",
      reason: "Readable",
      message: "",
      since: now(900),
    },
    { of: "Deployment", type: "Available", status: "True", reason: "Minimum", message: "", since: now(900) },
  ],
  workers: { desired: 2, ready: 1, updated: 1, image: IMAGE },
  pods: [
    {
      name: POD,
      phase: "Pending",
      ready: false,
      needs_help: true,
      restarts: 2,
      node: "node-1",
      reason: "ImagePullBackOff",
      message: PULL,
      created_at: now(80),
    },
    {
      name: "atf-drill-7d4b9c6f8d-bcdfg",
      phase: "Running",
      ready: true,
      needs_help: false,
      restarts: 0,
      node: "node-2",
      reason: "",
      message: "",
      created_at: now(4000),
    },
  ],
  events: [
    event("BackOff", 5, { type: "Warning", count: 12, message: PULL }),
    event("Scheduled", 80),
    event("ScalingReplicaSet", 81, { object: "Deployment/atf-drill" }),
  ],
};

const answer = (page: Page, facts: object) => page.route(ADDRESS, (route) => route.fulfill({ json: facts }));

const card = (page: Page) => page.getByRole("region", { name: "On the cluster" });

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme, reducedMotion: "reduce" });

    test("a function's page says why its worker does not start", async ({ page }) => {
      await answer(page, FACTS);
      await page.goto("/functions/drill");
      await expect(card(page)).toContainText("namespace tasks");
      const conditions = card(page).getByRole("list", { name: "Conditions" });
      await expect(conditions).toContainText("Ready: FalseNoWorkerReady 0 of 2 workers are ready");
      await expect(conditions).toContainText("QueueReadable: Readable");
      await expect(conditions).not.toContainText("Available");
      await expect(card(page)).toContainText("1 of 2");
      await expect(card(page)).toContainText(IMAGE);
      const pods = card(page).getByRole("list", { name: /^Pods/ }).getByRole("listitem");
      await expect(pods).toHaveCount(2);
      for (const words of ["ImagePullBackOff", POD, PULL, "2 restarts", "on node-1"])
        await expect(pods.first()).toContainText(words);
      await expect(pods.last()).toContainText("ready");
      const events = card(page)
        .getByRole("list", { name: /^Events/ })
        .getByRole("listitem");
      await expect(events).toHaveCount(3);
      await expect(events.first()).toContainText("12 times");
      await expect(events.first().getByLabel("Warning")).toBeVisible();
      expect(await violations(page)).toEqual([]);
    });

    test("facts that cannot be read are one line", async ({ page }) => {
      const why = "The API server does not answer.";
      await answer(page, { ...FACTS, available: false, why, conditions: [], pods: [], events: [] });
      await page.goto("/functions/drill");
      await expect(page.getByText(`The cluster's facts are not shown. ${why}`)).toBeVisible();
      await expect(card(page)).toHaveCount(0);
      expect(await violations(page)).toEqual([]);
    });
  });
}

test("on a telephone nothing of it is wider than the screen", async ({ page }) => {
  await page.setViewportSize({ width: 380, height: 800 });
  await answer(page, FACTS);
  await page.goto("/functions/drill");
  await expect(card(page).getByText(PULL).first()).toBeVisible();
  const widths = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
  expect(widths[0]).toBe(widths[1]);
});

test("without a cluster nothing is said of one, and it is asked for once", async ({ page, api }) => {
  const facts = await api.get<{ enabled: boolean }>("/api/v1/functions/drill/cluster");
  expect(facts.enabled).toBe(false);
  const asked: string[] = [];
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  await page.goto("/functions/drill");
  const path = "/api/v1/functions/drill/scaling";
  await expect.poll(() => asked.filter((one) => one === path).length).toBeGreaterThan(2);
  expect(asked.filter((one) => one.endsWith("/cluster"))).toHaveLength(1);
  await expect(card(page)).toHaveCount(0);
  await expect(page.getByText("The cluster's facts")).toHaveCount(0);
});

test("Activity shows the cluster's Events among all else, and alone", async ({ page }) => {
  const events = [
    event("BackOff", 5, { type: "Warning", count: 4 }),
    event("Scheduled", 60, { function: null }),
  ];
  const answer = { enabled: true, available: true, why: "", namespace: "tasks", events };
  await page.route("**/api/v1/cluster/events*", (route) => route.fulfill({ json: answer }));
  await page.goto("/activity");

  await expect(page.getByRole("listitem").filter({ hasText: "BackOff (4 times)" })).toBeVisible();
  await page.getByRole("button", { name: "Cluster", exact: true }).click();
  await expect(page).toHaveURL(/show=cluster/);
  await expect(page.getByRole("main").getByRole("listitem")).toHaveCount(2);
});
