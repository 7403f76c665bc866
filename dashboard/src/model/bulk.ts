import type { BulkAction, BulkOutcome, TaskState } from "@/api/types";
import { sinceOf, type TaskSearch } from "./taskSearch";

export type BulkAct = BulkAction["action"];

/** Above this many tasks a person types the number before anything happens. */
export const TYPED_ABOVE = 100;

const STATES: Readonly<Record<BulkAct, readonly TaskState[] | "any">> = {
  retry: ["FAILED", "DLQ"],
  redrive: ["DLQ"],
  cancel: ["PENDING", "SCHEDULED", "ACTIVE"],
  delete: "any",
};

/** What a bulk action is about: chosen tasks, or whatever matches a filter. */
export type Target = { ids: readonly string[] } | { search: TaskSearch; until?: string };

/** Why the API could not carry out this action on everything that matches; empty if it can. */
export function refusal(act: BulkAct, search: TaskSearch): string {
  if (!search.function) return "Choose a function first: a bulk action is about one function's tasks.";
  if (search.queue === "primary" || search.queue === "retry") return "Choose a state instead of a queue.";
  const states = STATES[act];
  if (search.state && states !== "any" && !states.includes(search.state)) {
    return `Tasks in this state cannot be ${act === "cancel" ? "cancelled" : "retried"}.`;
  }
  return "";
}

/** The dry run; the same again with its token carries it out. */
export function dryRun(act: BulkAct, target: Target, nowMs: number): BulkAction {
  const common = {
    action: act,
    dry_run: true,
    confirm_token: "",
    rate: 0,
    limit: 1000,
    reset_failures: true,
  };
  if ("ids" in target) return { ...common, task_ids: [...target.ids] };
  const { search, until = null } = target;
  const filter = {
    function: search.function ?? "",
    state: search.state ?? (search.queue === "dlq" ? "DLQ" : null),
    since: sinceOf(search.within, nowMs) ?? null,
    until,
    id_prefix: search.id?.slice(-36) ?? "",
    error_class: search.error ?? "",
  };
  return { ...common, filter };
}

export function carriedOut(dry: BulkAction, token: string, rate: number): BulkAction {
  return { ...dry, dry_run: false, confirm_token: token, rate };
}

export const needsTyping = (matched: number): boolean => matched > TYPED_ABOVE;

/** The outcomes of several calls as those of one. */
export function summed(before: BulkOutcome | null, next: BulkOutcome): BulkOutcome {
  if (!before) return next;
  const outcomes = { ...before.outcomes };
  for (const [name, number] of Object.entries(next.outcomes)) outcomes[name] = (outcomes[name] ?? 0) + number;
  return { ...next, outcomes, errors: [...before.errors, ...next.errors].slice(0, 20) };
}
