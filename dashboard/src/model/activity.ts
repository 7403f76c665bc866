import type { Dependency, ScalingHistory, TaskState, Transition } from "@/api/types";

/** Something that happened, whatever it happened to. */
export interface Happening {
  id: string;
  at: string;
  kind: "task" | "function" | "scaling" | "breaker";
  subject: string;
  text: string;
  taskId: string | null;
  /** The state that a task came into. */
  state: TaskState | null;
}

export const KEPT = 200;
/** Progress is no news: a task of an hour would bury all the rest. */
const NOISE = new Set(["progress"]);

export function ofTransitions(transitions: readonly Transition[]): Happening[] {
  return transitions
    .filter((one) => !NOISE.has(one.kind))
    .map((one) => ({
      id: `${one.at} ${one.task_id ?? one.function} ${one.kind}`,
      at: one.at,
      kind: one.task_id ? "task" : "function",
      subject: one.function,
      text: words(one),
      taskId: one.task_id,
      state: one.new_state,
    }));
}

function words(one: Transition): string {
  const kind = one.kind.replaceAll("_", " ");
  const why = one.error_class ? ` (${one.error_class})` : "";
  const attempt = one.attempt > 1 ? `, attempt ${one.attempt}` : "";
  return `${kind}${why}${attempt}`;
}

export function ofScaling(histories: readonly ScalingHistory[]): Happening[] {
  return histories.flatMap((history) =>
    history.decisions.map((one) => ({
      id: `${one.at} ${history.function} scaling`,
      at: one.at,
      kind: "scaling" as const,
      subject: history.function,
      text: one.reason,
      taskId: null,
      state: null,
    })),
  );
}

export function ofBreakers(dependencies: readonly Dependency[]): Happening[] {
  return dependencies.flatMap((dependency) =>
    (dependency.transitions ?? []).map((one) => ({
      id: `${one.at} ${dependency.name} breaker`,
      at: one.at,
      kind: "breaker" as const,
      subject: dependency.name,
      text: `${one.from} → ${one.to}${one.reason ? `: ${one.reason}` : ""}`,
      taskId: null,
      state: null,
    })),
  );
}

/** All of it, newest first, as much as a person may scroll through. */
export function newestFirst(...happenings: readonly (readonly Happening[])[]): Happening[] {
  return happenings
    .flat()
    .sort((one, other) => Date.parse(other.at) - Date.parse(one.at))
    .slice(0, KEPT);
}
