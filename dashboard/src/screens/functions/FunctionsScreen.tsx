import { Link } from "@tanstack/react-router";
import { Pause } from "lucide-react";
import { useFunctions, useWorkers } from "@/api/queries";
import type { ListedFunction, Worker } from "@/api/types";
import { count } from "@/format/numbers";
import { duration } from "@/format/times";
import { Chip } from "@/ui/Chip";
import layout from "@/ui/layout.module.css";
import { PageHead } from "@/ui/PageHead";
import { Empty, QueryView } from "@/ui/QueryView";
import css from "./FunctionsScreen.module.css";

export function FunctionsScreen() {
  const functions = useFunctions();
  return (
    <div className={layout.page}>
      <PageHead title="Functions" />
      <QueryView
        query={functions}
        lines={6}
        isEmpty={(found) => found.length === 0}
        empty={<Empty title="No function is registered yet">Apply a Function, or run the local stack.</Empty>}
      >
        {(found) => <Cards functions={found} />}
      </QueryView>
    </div>
  );
}

function Cards({ functions }: { functions: readonly ListedFunction[] }) {
  const { data: workers } = useWorkers();
  return (
    <ul className={css.cards}>
      {functions.map((one) => (
        <li key={one.name}>
          <FunctionCard
            found={one}
            workers={(workers?.worker_details ?? []).filter((worker) => worker.function === one.name)}
          />
        </li>
      ))}
    </ul>
  );
}

interface CardProps {
  found: ListedFunction;
  workers: readonly Worker[];
}

function FunctionCard({ found, workers }: CardProps) {
  const { depths } = found;
  const healthy = workers.filter((worker) => worker.status === "healthy").length;
  return (
    <Link to="/functions/$name" params={{ name: found.name }} className={css.card} data-row>
      <span className={css.head}>
        <strong>{found.name}</strong>
        {found.paused && (
          <Chip tone="scheduled" icon={<Pause size={12} aria-hidden="true" />}>
            Paused
          </Chip>
        )}
      </span>
      <span className="soft">{found.description || "No description"}</span>
      <span className={css.numbers}>
        <Amount label="waiting" value={depths.states.PENDING} />
        <Amount label="running" value={depths.states.ACTIVE} />
        <Amount label="dead letters" value={depths.states.DLQ} isBad />
        <Amount label={`of ${found.max_replicas} workers`} value={healthy} />
      </span>
      <span className={css.why}>
        {depths.oldest_pending_seconds > 0 && `Oldest waits ${duration(depths.oldest_pending_seconds)}. `}
        {found.last_decision?.reason ?? "No scaling decision yet"}
      </span>
    </Link>
  );
}

function Amount({ label, value = 0, isBad = false }: { label: string; value?: number; isBad?: boolean }) {
  return (
    <span>
      <b className={isBad && value > 0 ? css.bad : ""}>{count(value)}</b> {label}
    </span>
  );
}
