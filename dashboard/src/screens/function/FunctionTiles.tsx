import { useScaling } from "@/api/queries";
import type { FunctionDetail } from "@/api/types";
import { count, percent } from "@/format/numbers";
import { duration } from "@/format/times";
import { Tiles } from "@/ui/Tiles";

export function FunctionTiles({ found }: { found: FunctionDetail }) {
  const { data: scaling } = useScaling(found.name);
  const { depths, workers, name } = found;
  const ready = workers.filter((worker) => worker.status === "healthy").length;
  const slots = workers.reduce((sum, worker) => sum + worker.slots, 0);
  const desired = scaling?.decisions.find((one) => one.acts)?.replicas ?? 0;
  const oldest = depths.oldest_pending_seconds;
  return (
    <Tiles
      tiles={[
        {
          label: "Waiting",
          value: count(depths.states.PENDING ?? 0),
          note: oldest > 0 ? `oldest waits ${duration(oldest)}` : "nobody waits",
          search: { function: name, state: "PENDING" },
        },
        {
          label: "Running",
          value: count(depths.states.ACTIVE ?? 0),
          note: `of ${count(slots)} slots`,
          search: { function: name, state: "ACTIVE" },
        },
        {
          label: "Workers",
          value: `${ready} / ${desired}`,
          note: scaling ? `ready / desired, ${scaling.min_replicas} to ${scaling.max_replicas} allowed` : "",
        },
        {
          label: "Dead letters",
          value: count(depths.states.DLQ ?? 0),
          note: `retry ratio ${percent(depths.retry_ratio)}`,
          search: { function: name, state: "DLQ" },
          isBad: Boolean(depths.states.DLQ),
        },
      ]}
    />
  );
}
