import type { FunctionDepths, QueueStatus } from "@/api/types";
import { count, percent } from "@/format/numbers";
import { duration } from "@/format/times";
import { Tiles } from "@/ui/Tiles";

/** The four queues of all functions together: how deep, and what is notable about each. */
export function QueueTiles({ status }: { status: QueueStatus }) {
  const each = Object.values(status.functions);
  const { primary = 0, retry = 0, scheduled = 0, dlq = 0 } = status.queues;
  return (
    <Tiles
      tiles={[
        { label: "Primary queue", value: count(primary), note: oldest(each), search: { queue: "primary" } },
        {
          label: "Retry queue",
          value: count(retry),
          note: `${percent(status.retry_ratio)} of claims go to it`,
          search: { queue: "retry" },
        },
        { label: "Scheduled", value: count(scheduled), note: nextDue(each), search: { state: "SCHEDULED" } },
        {
          label: "Dead letters",
          value: count(dlq),
          note: dlq ? "wait for a person" : "nothing to do",
          search: { state: "DLQ" },
          isBad: dlq > 0,
        },
      ]}
    />
  );
}

function oldest(each: readonly FunctionDepths[]): string {
  const seconds = Math.max(0, ...each.map((one) => one.oldest_pending_seconds));
  return seconds > 0 ? `oldest waits ${duration(seconds)}` : "nobody waits";
}

function nextDue(each: readonly FunctionDepths[]): string {
  const due = each.map((one) => one.next_due_seconds).filter((one) => one !== null);
  return due.length > 0 ? `next in ${duration(Math.min(...due))}` : "nothing is due";
}
