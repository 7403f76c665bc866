import { lazy, Suspense, useMemo } from "react";
import { useScaling } from "@/api/queries";
import type { FunctionDetail, ScalingDecision, ScalingHistory } from "@/api/types";
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
  const lines = useMemo(() => scalingLines(history.decisions, Date.now()), [history]);
  const series = useMemo(
    () => [
      {
        label: "Waiting and running tasks",
        color: "--pending",
        values: lines.demand,
        look: "steps" as const,
      },
      { label: "Workers wanted", color: "--accent", values: lines.desired, look: "steps" as const },
      { label: "Workers ready", color: "--completed", values: lines.ready, look: "steps" as const },
    ],
    [lines],
  );
  return (
    <div className={css.halves}>
      <Suspense fallback={<Loading lines={6} />}>
        <Chart
          label="Tasks, and workers wanted and ready"
          times={lines.times}
          series={series}
          format={(value) => count(Math.round(value))}
          height={240}
        />
      </Suspense>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <ol className={css.decisions} tabIndex={0} aria-label="Decisions, newest first">
        {history.decisions.map((one) => (
          <Decision key={one.at} decision={one} />
        ))}
      </ol>
    </div>
  );
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
