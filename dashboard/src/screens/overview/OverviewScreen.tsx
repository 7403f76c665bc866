import { lazy, Suspense } from "react";
import { useQueues } from "@/api/queries";
import type { QueueStatus } from "@/api/types";
import { Card } from "@/ui/Card";
import layout from "@/ui/layout.module.css";
import { PageHead } from "@/ui/PageHead";
import { Loading, QueryView } from "@/ui/QueryView";
import { DependencyChips } from "./DependencyChips";
import { FlowGraph } from "./FlowGraph";
import { QueueTable } from "./QueueTable";
import { QueueTiles } from "./QueueTiles";
import { useRates } from "./useRates";

const Charts = lazy(() => import("./Charts").then((module) => ({ default: module.Charts })));

export function OverviewScreen() {
  const queues = useQueues();
  return (
    <div className={layout.page}>
      <PageHead title="Overview" actions={<DependencyChips />} />
      <QueryView query={queues} lines={8}>
        {(status) => <Queues status={status} />}
      </QueryView>
    </div>
  );
}

function Queues({ status }: { status: QueueStatus }) {
  const rates = useRates();
  return (
    <>
      <QueueTiles status={status} />
      <Card title="Task flow" hint="Live, over the last ten seconds. Each place opens its tasks.">
        <FlowGraph status={status} rates={rates} />
      </Card>
      <Suspense fallback={<Loading lines={6} />}>
        <Charts name="" />
      </Suspense>
      <QueueTable status={status} />
    </>
  );
}
