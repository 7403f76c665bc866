import type { TaskQuery } from "@/api/queries";
import type { TaskState } from "@/api/types";
import { STATES, WITH_ERRORS } from "./states";

const QUEUES = ["primary", "retry", "scheduled", "dlq"] as const;
const SORTS = ["created_at", "updated_at"] as const;
const ORDERS = ["asc", "desc"] as const;
const SIZES = [25, 50, 100] as const;
export const WITHIN_MS = {
  "15m": 15 * 60_000,
  "1h": 3_600_000,
  "24h": 86_400_000,
  "7d": 7 * 86_400_000,
} as const;
export type Within = keyof typeof WITHIN_MS;

/** Everything that decides what the list of tasks shows; it lives in the address and nowhere else. */
export interface TaskSearch {
  id?: string;
  state?: TaskState;
  function?: string;
  error?: string;
  queue?: (typeof QUEUES)[number];
  within?: Within;
  sort?: (typeof SORTS)[number];
  order?: (typeof ORDERS)[number];
  size?: (typeof SIZES)[number];
  cursor?: string;
  page?: number;
}

function oneOf<Value extends string | number>(choices: readonly Value[], given: unknown): Value | undefined {
  return choices.find((one) => one === given);
}

function text(given: unknown): string | undefined {
  const value = typeof given === "number" ? String(given) : given;
  return typeof value === "string" && value.trim() !== "" ? value.trim() : undefined;
}

/** Reads an address; what it does not understand it leaves out, and never fails. */
export function readTaskSearch(given: Record<string, unknown>): TaskSearch {
  const page = Number(given.page);
  return clean({
    id: text(given.id),
    state: oneOf(STATES, given.state),
    function: text(given.function),
    error: text(given.error),
    queue: oneOf(QUEUES, given.queue),
    within: oneOf(Object.keys(WITHIN_MS) as Within[], given.within),
    sort: oneOf(SORTS, given.sort),
    order: oneOf(ORDERS, given.order),
    size: oneOf(SIZES, Number(given.size)),
    cursor: text(given.cursor),
    page: Number.isInteger(page) && page > 1 ? page : undefined,
  });
}

function clean(search: TaskSearch): TaskSearch {
  return Object.fromEntries(Object.entries(search).filter(([, value]) => value !== undefined));
}

/** A changed filter starts at the first page; an error class needs a state that has errors, a fingerprint dead letters. */
export function narrowed(search: TaskSearch, changes: TaskSearch): TaskSearch {
  const { cursor: _cursor, page: _page, ...kept } = search;
  const next: TaskSearch = { ...kept, ...changes };
  if (changes.error && !(next.state && WITH_ERRORS.has(next.state))) next.state = "DLQ";
  if (next.state && !WITH_ERRORS.has(next.state)) next.error = undefined;
  if (next.error?.includes("/") && next.state !== "DLQ") {
    if (changes.error) next.state = "DLQ";
    else next.error = next.error.split("/")[0];
  }
  if (changes.state) next.queue = undefined;
  return clean(next);
}

/** Where a filter's period began; to the minute, so that a page is the same page for a while. */
export function sinceOf(within: Within | undefined, nowMs: number): string | undefined {
  if (!within) return undefined;
  const sinceMs = Math.floor((nowMs - WITHIN_MS[within]) / 60_000) * 60_000;
  return new Date(sinceMs).toISOString();
}

/** What the API is asked. */
export function queryOf(search: TaskSearch, nowMs: number): TaskQuery {
  return {
    task_id: search.id,
    task_status: search.state,
    task_type: search.function,
    error_type: search.error,
    queue: search.queue,
    start_date: sinceOf(search.within, nowMs),
    sort_by: search.sort,
    sort_order: search.order,
    page_size: search.size ?? 25,
    cursor: search.cursor,
    page: search.page,
  };
}

/** How many filters are set, for the button that clears them. */
export function filterCount(search: TaskSearch): number {
  const { id, state, function: name, error, queue, within } = search;
  return [id, state, name, error, queue, within].filter(Boolean).length;
}
