import { useMemo, useState } from "react";
import { useFinished, useThroughput } from "@/api/queries";
import type { Throughput } from "@/api/types";
import { count } from "@/format/numbers";
import { duration } from "@/format/times";
import { latencies, percentile } from "@/model/latency";
import { Card } from "@/ui/Card";
import { Chart } from "@/ui/Chart";
import type { Series } from "@/ui/chartData";
import layout from "@/ui/layout.module.css";
import { Empty, QueryView } from "@/ui/QueryView";
import { Segments } from "@/ui/Segments";

const SPANS = [
  { value: "15", label: "15 min" },
  { value: "60", label: "1 h" },
  { value: "360", label: "6 h" },
  { value: "1440", label: "24 h" },
] as const;
type Span = (typeof SPANS)[number]["value"];

/** Throughput, and what waits and runs took; of one function, or of all when the name is empty. */
export function Charts({ name }: { name: string }) {
  const [span, setSpan] = useState<Span>("15");
  const throughput = useThroughput(Number(span), name);
  const finished = useFinished(name);
  return (
    <div className={layout.halves}>
      <Card
        title="Throughput"
        hint="tasks ended"
        actions={<Segments label="Period" choices={SPANS} value={span} onChange={setSpan} />}
      >
        <QueryView query={throughput} lines={6}>
          {(found) => <ThroughputChart found={found} />}
        </QueryView>
      </Card>
      <Card title="Wait and run time" hint="of the last 100 completed tasks">
        <QueryView
          query={finished}
          lines={6}
          isEmpty={(page) => page.tasks.length === 0}
          empty={<Empty title="No task has completed yet" />}
        >
          {(page) => <LatencyChart tasks={page.tasks} />}
        </QueryView>
      </Card>
    </div>
  );
}

function ThroughputChart({ found }: { found: Throughput }) {
  const times = useMemo(() => found.starts.map((start) => Date.parse(start) / 1000), [found]);
  const series = useMemo(
    () => [
      { label: "Completed", color: "--completed", values: found.completed, look: "bars" as const },
      { label: "Failed", color: "--failed", values: found.failed, look: "bars" as const },
      { label: "Dead letter", color: "--dlq", values: found.dead_lettered, look: "bars" as const },
    ],
    [found],
  );
  const total = found.completed.reduce((sum, one) => sum + one, 0);
  const minutes = Math.round((found.step_seconds * found.starts.length) / 60);
  return (
    <Chart
      label={`${count(total)} tasks completed in the last ${minutes} minutes`}
      times={times}
      series={series}
      format={(value) => count(Math.round(value))}
      stacked
      whole
    />
  );
}

function LatencyChart({ tasks }: { tasks: Parameters<typeof latencies>[0] }) {
  const points = useMemo(() => latencies(tasks), [tasks]);
  const times = useMemo(() => points.map((point) => point.atS), [points]);
  const series = useMemo(
    () => [
      pointsOf(
        "Wait",
        "--pending",
        points.map((one) => one.waitS),
      ),
      pointsOf(
        "Run",
        "--scheduled",
        points.map((one) => one.runS),
      ),
    ],
    [points],
  );
  return (
    <Chart label="Wait and run time of completed tasks" times={times} series={series} format={duration} />
  );
}

function pointsOf(label: string, color: string, values: readonly number[]): Series {
  const [half, most] = [percentile(values, 0.5), percentile(values, 0.95)];
  const note = half === null || most === null ? "" : `p50 ${duration(half)}, p95 ${duration(most)}`;
  return { label, note, color, values, look: "points" };
}
