import { Link } from "@tanstack/react-router";
import { Pause } from "lucide-react";
import type { FunctionDepths, QueueStatus } from "@/api/types";
import { count, percent } from "@/format/numbers";
import { duration } from "@/format/times";
import type { TaskSearch } from "@/model/taskSearch";
import { Card } from "@/ui/Card";
import { Chip } from "@/ui/Chip";
import { Empty } from "@/ui/QueryView";
import table from "@/ui/table.module.css";

/** The queues of each function. */
export function QueueTable({ status }: { status: QueueStatus }) {
  const functions = Object.entries(status.functions);
  if (functions.length === 0) {
    return <Empty title="No function is registered yet">Apply a Function, or run the local stack.</Empty>;
  }
  return (
    <Card title="Queues by function" flush>
      <table className={table.table}>
        <thead>
          <tr>
            <th scope="col">Function</th>
            <th scope="col" className={table.right}>
              Waiting
            </th>
            <th scope="col" className={table.right}>
              Running
            </th>
            <th scope="col" className={`${table.right} ${table.wide}`}>
              Scheduled
            </th>
            <th scope="col" className={table.right}>
              Dead letters
            </th>
            <th scope="col" className={`${table.right} ${table.wide}`}>
              Oldest waits
            </th>
            <th scope="col" className={`${table.right} ${table.wide}`}>
              Retry ratio
            </th>
          </tr>
        </thead>
        <tbody>
          {functions.map(([name, depths]) => (
            <Row key={name} name={name} depths={depths} />
          ))}
        </tbody>
      </table>
    </Card>
  );
}

function Row({ name, depths }: { name: string; depths: FunctionDepths }) {
  return (
    <tr>
      <td>
        <Link to="/functions/$name" params={{ name }} data-row>
          {name}
        </Link>{" "}
        {depths.paused && (
          <Chip tone="scheduled" icon={<Pause size={12} aria-hidden="true" />}>
            Paused
          </Chip>
        )}
      </td>
      <Amount value={depths.states.PENDING} search={{ function: name, state: "PENDING" }} />
      <Amount value={depths.states.ACTIVE} search={{ function: name, state: "ACTIVE" }} />
      <Amount value={depths.states.SCHEDULED} search={{ function: name, state: "SCHEDULED" }} isWide />
      <Amount value={depths.states.DLQ} search={{ function: name, state: "DLQ" }} />
      <td className={`${table.right} ${table.wide} number`}>
        {depths.oldest_pending_seconds > 0 ? duration(depths.oldest_pending_seconds) : "–"}
      </td>
      <td className={`${table.right} ${table.wide} number`}>{percent(depths.retry_ratio)}</td>
    </tr>
  );
}

function Amount({ value = 0, search, isWide }: { value?: number; search: TaskSearch; isWide?: boolean }) {
  return (
    <td className={`${table.right} ${isWide ? table.wide : ""} number`}>
      {value === 0 ? (
        <span className="soft">0</span>
      ) : (
        <Link to="/tasks" search={search}>
          {count(value)}
        </Link>
      )}
    </td>
  );
}
