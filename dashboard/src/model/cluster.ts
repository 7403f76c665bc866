import type { ClusterCondition, ClusterPod } from "@/api/types";

export type Verdict = "good" | "bad" | "unclear";

/** The one condition whose being true is a failure. */
const FAILURE = "ReplicaFailure";

export function verdictOn({ type, status }: ClusterCondition): Verdict {
  if (status !== "True" && status !== "False") return "unclear";
  return (status === "True") === (type === FAILURE) ? "bad" : "good";
}

/** What stands in a row, and what needs words. A Deployment that is well says nothing that its Function does not. */
export function sorted(conditions: readonly ClusterCondition[]): {
  fine: ClusterCondition[];
  told: ClusterCondition[];
} {
  const isFine = (one: ClusterCondition) => verdictOn(one) === "good";
  return {
    fine: conditions.filter((one) => isFine(one) && one.of === "Function"),
    told: conditions.filter((one) => !isFine(one)),
  };
}

/** A pod in one or two words, and how they are meant. */
export function podVerdict(pod: ClusterPod): { verdict: Verdict; word: string } {
  if (pod.needs_help) return { verdict: "bad", word: pod.reason };
  if (pod.phase === "Terminating") return { verdict: "unclear", word: "terminating" };
  if (pod.ready) return { verdict: "good", word: "ready" };
  return { verdict: "unclear", word: pod.phase === "Running" ? "not ready yet" : pod.phase.toLowerCase() };
}

/** What there is to say below a pod's name: why, where, and what has happened to it. */
export function podNotes(pod: ClusterPod): string[] {
  const why = pod.needs_help ? pod.message : [pod.reason, pod.message].filter(Boolean).join(": ");
  const restarts = pod.restarts === 1 ? "1 restart" : `${pod.restarts} restarts`;
  const wellNow = pod.ready && pod.reason ? `before its last restart ${why}` : why;
  const rest = [pod.restarts > 0 ? restarts : "", pod.node ? `on ${pod.node}` : ""].filter(Boolean);
  return [wellNow, rest.join(", ")].filter(Boolean);
}
