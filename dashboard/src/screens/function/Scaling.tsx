import { lazy, Suspense, useMemo } from "react";
import { useLoad, useScaling } from "@/api/queries";
import type { FunctionDetail, LoadHistory, ScalingDecision, ScalingHistory } from "@/api/types";
import { count } from "@/format/numbers";
import { scalingLines } from "@/model/scaling";
import { Card } from "@/ui/Card";
import { Chip } from "@/ui/Chip";
import { Empty, Loading, QueryView } from "@/ui/QueryView";
import { Time } from "@/ui/Time";
import css from "./Scaling.module.css";

const Chart = lazy(() => import("@/ui/Chart").then((module) => ({ default: module.Chart })));

/** How many workers there should be, when, and why. */
export function Scaling({ found }: { found: FunctionDetail }) {
  const query = useScaling(found.name);
  const { data } = query;
  return (
    <Card
      title="Scaling"
      hint={data && `${data.min_replicas} to ${data.max_replicas} workers, mode ${data.mode}`}
    >
      <QueryView
        query={query}
        lines={6}
        isEmpty={(history) => history.decisions.length === 0}
        empty={<Empty title="No decision has been made yet" />}
      >
        {(history) => <History history={history} />}
      </QueryView>
    </Card>
  );
}

function History({ history }: { history: ScalingHistory }) {
  const load = useLoad(history.function);
  return (
    <div className={css.halves}>
      <QueryView query={load} lines={6}>
        {(found) => <Lines load={found} history={history} />}
      </QueryView>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <ol className={css.decisions} tabIndex={0} aria-label="Decisions, newest first">
        {history.decisions.map((one) => (
          <Decision key={one.at} decision={one} />
        ))}
      </ol>
    </div>
  );
}

/** What waits and runs above the workers that are there for it, over one axis of time. */
function Lines({ load, history }: { load: LoadHistory; history: ScalingHistory }) {
  const lines = useMemo(() => scalingLines(load, history.decisions), [load, history]);
  const common = { times: lines.times, format: rounded, whole: true, height: 150 };
  return (
    <Suspense fallback={<Loading lines={6} />}>
      <div className={css.lines}>
        <Chart
          {...common}
          label="Tasks waiting and running"
          series={[
            { label: "Waiting tasks", color: "--pending", values: lines.waiting, look: "steps" },
            { label: "Running tasks", color: "--active", values: lines.running, look: "steps" },
          ]}
        />
        <Chart
          {...common}
          label="Workers desired and ready"
          series={[
            { label: "Workers desired", color: "--accent", values: lines.desired, look: "steps" },
            { label: "Workers ready", color: "--completed", values: lines.ready, look: "steps" },
            { label: "Decisions", color: "--text-soft", values: lines.decided, look: "points" },
          ]}
        />
      </div>
    </Suspense>
  );
}

function rounded(value: number): string {
  return count(Math.round(value));
}

function Decision({ decision }: { decision: ScalingDecision }) {
  return (
    <li>
      <span className={css.head}>
        <b className="number">
          {decision.previous} → {decision.replicas}
        </b>
        {decision.limited_by !== "None" && <Chip tone="scheduled">{decision.limited_by}</Chip>}
        {!decision.acts && <Chip tone="cancelled">only said</Chip>}
        <span className={css.at}>
          <Time at={decision.at} />
        </span>
      </span>
      <span className="soft">{decision.reason}</span>
    </li>
  );
}
