import { Link } from "@tanstack/react-router";
import { CircleCheck, CircleHelp, Moon, Unplug } from "lucide-react";
import type { Worker } from "@/api/types";
import { count } from "@/format/numbers";
import { duration } from "@/format/times";
import { Chip } from "./Chip";
import { Empty } from "./QueryView";
import { Time } from "./Time";
import table from "./table.module.css";
import css from "./WorkerTable.module.css";

/** Workers with what they do at the moment. */
export function WorkerTable({
  workers,
  showFunction = false,
}: {
  workers: readonly Worker[];
  showFunction?: boolean;
}) {
  if (workers.length === 0) {
    return (
      <Empty title="No worker runs" icon={<Moon size={22} aria-hidden="true" />}>
        They come when there is work.
      </Empty>
    );
  }
  return (
    <table className={table.table}>
      <thead>
        <tr>
          <th scope="col">Worker</th>
          {showFunction && <th scope="col">Function</th>}
          <th scope="col">Health</th>
          <th scope="col">Slots</th>
          <th scope="col" className={`${table.right} ${table.wide}`}>
            Completed
          </th>
          <th scope="col" className={`${table.right} ${table.wide}`}>
            Failed
          </th>
          <th scope="col" className={`${table.right} ${table.wide}`}>
            Median run
          </th>
          <th scope="col" className={table.wide}>
            Started
          </th>
          <th scope="col" className={table.wide}>
            Where
          </th>
        </tr>
      </thead>
      <tbody>
        {workers.map((worker) => (
          <Row key={worker.worker_id} worker={worker} showFunction={showFunction} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ worker, showFunction }: { worker: Worker; showFunction: boolean }) {
  return (
    <tr>
      <td>
        <code>{worker.worker_id}</code>
      </td>
      {showFunction && (
        <td>
          <Link to="/functions/$name" params={{ name: worker.function }} data-row>
            {worker.function}
          </Link>
        </td>
      )}
      <td>
        <Health worker={worker} />
      </td>
      <td>
        <Slots worker={worker} />
      </td>
      <td className={`${table.right} ${table.wide} number`}>{count(worker.completed)}</td>
      <td className={`${table.right} ${table.wide} number`}>{count(worker.failed)}</td>
      <td className={`${table.right} ${table.wide} number`}>
        {worker.median_run_ms > 0 ? duration(worker.median_run_ms / 1000) : "–"}
      </td>
      <td className={`${table.wide} ${table.nowrap}`}>
        <Time at={worker.started_at} />
      </td>
      <td className={`${table.wide} soft`}>{worker.pod ?? `${worker.host}, pid ${worker.pid}`}</td>
    </tr>
  );
}

function Health({ worker }: { worker: Worker }) {
  const age = duration(worker.heartbeat_age_seconds);
  if (worker.status === "no_heartbeat") {
    return (
      <Chip tone="dlq" icon={<Unplug size={13} aria-hidden="true" />}>
        lost
      </Chip>
    );
  }
  if (worker.status === "stale") {
    return (
      <Chip tone="failed" icon={<CircleHelp size={13} aria-hidden="true" />}>
        silent for {age}
      </Chip>
    );
  }
  return (
    <Chip tone="completed" icon={<CircleCheck size={13} aria-hidden="true" />}>
      {worker.state === "running" ? (worker.active ? "busy" : "idle") : worker.state}
    </Chip>
  );
}

function Slots({ worker }: { worker: Worker }) {
  return (
    <span className={css.slots}>
      <meter min={0} max={worker.slots} value={worker.active} aria-label="Busy slots" />
      <span className="number">
        {worker.active} of {worker.slots}
      </span>
      <span className={css.tasks}>
        {worker.active_tasks.slice(0, 3).map((id) => (
          <Link key={id} to="/tasks/$task_id" params={{ task_id: id }} title={id}>
            …{id.slice(-6)}
          </Link>
        ))}
      </span>
    </span>
  );
}
