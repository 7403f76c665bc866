import { useWorkers } from "@/api/queries";
import type { Worker } from "@/api/types";
import { count } from "@/format/numbers";
import { Card } from "@/ui/Card";
import layout from "@/ui/layout.module.css";
import { PageHead } from "@/ui/PageHead";
import { QueryView } from "@/ui/QueryView";
import { Tiles } from "@/ui/Tiles";
import { WorkerTable } from "@/ui/WorkerTable";

export function WorkersScreen() {
  const workers = useWorkers();
  return (
    <div className={layout.page}>
      <PageHead title="Workers" />
      <QueryView query={workers} lines={6}>
        {(found) => (
          <>
            <Totals workers={found.worker_details} />
            <Card title="All workers" flush>
              <WorkerTable workers={found.worker_details} showFunction />
            </Card>
          </>
        )}
      </QueryView>
    </div>
  );
}

function Totals({ workers }: { workers: readonly Worker[] }) {
  const sum = (of: (worker: Worker) => number) => workers.reduce((total, worker) => total + of(worker), 0);
  const healthy = workers.filter((worker) => worker.status === "healthy");
  const lost = workers.length - healthy.length;
  return (
    <Tiles
      tiles={[
        { label: "Healthy", value: count(healthy.length), note: `of ${count(workers.length)} known` },
        {
          label: "Silent or lost",
          value: count(lost),
          note: lost ? "their leases run out" : "none",
          isBad: lost > 0,
        },
        {
          label: "Busy slots",
          value: count(sum((worker) => worker.active)),
          note: `of ${count(sum((worker) => worker.slots))}`,
        },
        {
          label: "Completed",
          value: count(sum((worker) => worker.completed)),
          note: `${count(sum((worker) => worker.failed))} failed, by these workers`,
        },
      ]}
    />
  );
}
