import { Link } from "@tanstack/react-router";
import { Boxes, Hash, type LucideIcon, Pause, Play, PlugZap, Scaling } from "lucide-react";
import { useState } from "react";
import { useDependencies, useEachDependency, useFunctions, useScalingOfAll } from "@/api/queries";
import { useBatches } from "@/live/LiveProvider";
import { type Happening, KEPT, newestFirst, ofBreakers, ofScaling, ofTransitions } from "@/model/activity";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import layout from "@/ui/layout.module.css";
import { PageHead } from "@/ui/PageHead";
import { Empty } from "@/ui/QueryView";
import { Segments } from "@/ui/Segments";
import { StateChip } from "@/ui/StateChip";
import { Time } from "@/ui/Time";
import css from "./ActivityScreen.module.css";

const SHOWN = [
  { value: "all", label: "Everything" },
  { value: "task", label: "Tasks" },
  { value: "scaling", label: "Scaling" },
  { value: "breaker", label: "Breakers" },
] as const;
type Shown = (typeof SHOWN)[number]["value"];

const ICONS: Readonly<Record<Happening["kind"], LucideIcon>> = {
  task: Hash,
  function: Boxes,
  scaling: Scaling,
  breaker: PlugZap,
};

/** What happens while one watches, and what was decided before. */
export function ActivityScreen() {
  const [shown, setShown] = useState<Shown>("all");
  const [isPaused, setPaused] = useState(false);
  const seen = useSeen(isPaused);
  const past = usePast();
  const happenings = newestFirst(seen, past).filter((one) => shown === "all" || one.kind === shown);
  return (
    <div className={layout.page}>
      <PageHead
        title="Activity"
        lead="Tasks since this page was opened; scaling decisions and breakers from before too."
        actions={
          <>
            <Segments label="Show" choices={SHOWN} value={shown} onChange={setShown} />
            <Button
              icon={isPaused ? <Play size={14} aria-hidden="true" /> : <Pause size={14} aria-hidden="true" />}
              onClick={() => setPaused(!isPaused)}
            >
              {isPaused ? "Go on" : "Hold"}
            </Button>
          </>
        }
      />
      <Card flush>
        {happenings.length === 0 ? (
          <Empty title="Nothing has happened yet" />
        ) : (
          <ol className={css.list}>
            {happenings.map((one) => (
              <Line key={one.id} happening={one} />
            ))}
          </ol>
        )}
      </Card>
    </div>
  );
}

function useSeen(isPaused: boolean): readonly Happening[] {
  const [seen, setSeen] = useState<readonly Happening[]>([]);
  useBatches((batch) => {
    if (isPaused) return;
    const news = ofTransitions(batch.transitions);
    if (news.length > 0) setSeen((before) => [...news.reverse(), ...before].slice(0, KEPT));
  });
  return seen;
}

function usePast(): Happening[] {
  const { data: functions = [] } = useFunctions();
  const { data: dependencies = [] } = useDependencies();
  const scaling = useScalingOfAll(functions.map((one) => one.name));
  const breakers = useEachDependency(dependencies.map((one) => one.name));
  return [
    ...ofScaling(scaling.flatMap((one) => one.data ?? [])),
    ...ofBreakers(breakers.flatMap((one) => one.data ?? [])),
  ];
}

function Line({ happening }: { happening: Happening }) {
  const Icon = ICONS[happening.kind];
  return (
    <li className={css.line}>
      <Icon size={15} aria-hidden="true" className={css.icon} />
      <span className={css.subject}>
        {happening.kind === "breaker" ? (
          <Link to="/dependencies">{happening.subject}</Link>
        ) : (
          <Link to="/functions/$name" params={{ name: happening.subject }}>
            {happening.subject}
          </Link>
        )}
      </span>
      <span className={css.text}>
        {happening.state && <StateChip state={happening.state} />}
        <span>{happening.text}</span>
        {happening.taskId && (
          <Link to="/tasks/$task_id" params={{ task_id: happening.taskId }} data-row>
            <code>…{happening.taskId.slice(-12)}</code>
          </Link>
        )}
      </span>
      <span className={css.at}>
        <Time at={happening.at} />
      </span>
    </li>
  );
}
