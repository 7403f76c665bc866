import { expect, test } from "vitest";
import type { ClusterCondition, ClusterPod } from "@/api/types";
import { podNotes, podVerdict, sorted, verdictOn } from "./cluster";

const condition = (
  type: string,
  status: string,
  of: ClusterCondition["of"] = "Function",
): ClusterCondition => ({
  of,
  type,
  status,
  reason: "",
  message: "",
  since: null,
});
const pod: ClusterPod = {
  name: "atf-echo-7d4b9c6f8d-x2v9k",
  phase: "Running",
  ready: true,
  needs_help: false,
  restarts: 0,
  node: null,
  reason: "",
  message: "",
  created_at: null,
};

test.each([
  ["Ready", "True", "good"],
  ["Ready", "False", "bad"],
  ["Ready", "Unknown", "unclear"],
  ["ReplicaFailure", "True", "bad"],
  ["ReplicaFailure", "False", "good"],
])("the condition %s %s is %s", (type, status, verdict) => {
  expect(verdictOn(condition(type, status))).toBe(verdict);
});

test("a Deployment is heard of only when it is not well", () => {
  const found = sorted([
    condition("Ready", "True"),
    condition("QueueReadable", "Unknown"),
    condition("Available", "True", "Deployment"),
    condition("Progressing", "False", "Deployment"),
  ]);
  expect(found.fine.map((one) => one.type)).toEqual(["Ready"]);
  expect(found.told.map((one) => one.type)).toEqual(["QueueReadable", "Progressing"]);
});

test.each([
  [{}, "good", "ready"],
  [{ ready: false, needs_help: true, reason: "ImagePullBackOff" }, "bad", "ImagePullBackOff"],
  [{ ready: false, phase: "Pending", reason: "ContainerCreating" }, "unclear", "pending"],
  [{ ready: false }, "unclear", "not ready yet"],
  [{ ready: true, phase: "Terminating" }, "unclear", "terminating"],
])("a pod with %o is %s: %s", (more, verdict, word) => {
  expect(podVerdict({ ...pod, ...more })).toEqual({ verdict, word });
});

test("a pod in trouble says why, how often it came back, and where it is", () => {
  const crashing = { ready: false, needs_help: true, reason: "CrashLoopBackOff", message: "exit code 1" };
  expect(podNotes({ ...pod, ...crashing, restarts: 3, node: "node-1" })).toEqual([
    "exit code 1",
    "3 restarts, on node-1",
  ]);
});

test("a pod that works again says how it had ended", () => {
  expect(podNotes({ ...pod, reason: "OOMKilled", message: "exit code 137", restarts: 1 })).toEqual([
    "before its last restart OOMKilled: exit code 137",
    "1 restart",
  ]);
  expect(podNotes(pod)).toEqual([]);
});
