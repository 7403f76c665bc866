import { Link } from "@tanstack/react-router";
import type { TaskPage, TaskSummary } from "@/api/types";
import { duration, secondsBetween } from "@/format/times";
import type { TaskSearch } from "@/model/taskSearch";
import { Progress } from "@/ui/Progress";
import { StateChip } from "@/ui/StateChip";
import { Time } from "@/ui/Time";
import table from "@/ui/table.module.css";
import { SortHead } from "./SortHead";
import css from "./TaskTable.module.css";

interface Props {
  page: TaskPage;
  search: TaskSearch;
  change: (changes: TaskSearch) => void;
  chosen: ReadonlySet<string>;
  choose: (chosen: ReadonlySet<string>) => void;
}

export function TaskTable({ page, search, change, chosen, choose }: Props) {
  const all = page.tasks.every((task) => chosen.has(task.task_id));
  const toggle = (id: string) => {
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    choose(next);
  };
  return (
    <table className={table.table}>
      <thead>
        <tr>
          <th scope="col" className={css.choice}>
            <input
              type="checkbox"
              aria-label="Choose all tasks of this page"
              checked={all}
              onChange={() => choose(all ? new Set() : new Set(page.tasks.map((task) => task.task_id)))}
            />
          </th>
          <th scope="col">Task</th>
          <th scope="col">State</th>
          <th scope="col" className={table.wide}>
            Attempt
          </th>
          <SortHead label="Created" by="created_at" search={search} change={change} />
          <SortHead label="Updated" by="updated_at" search={search} change={change} isWide />
          <th scope="col" className={`${table.right} ${table.wide}`}>
            Ran for
          </th>
          <th scope="col" className={table.wide}>
            What happened
          </th>
        </tr>
      </thead>
      <tbody>
        {page.tasks.map((task) => (
          <Row
            key={task.task_id}
            task={task}
            isChosen={chosen.has(task.task_id)}
            toggle={() => toggle(task.task_id)}
          />
        ))}
      </tbody>
    </table>
  );
}

function Row({ task, isChosen, toggle }: { task: TaskSummary; isChosen: boolean; toggle: () => void }) {
  return (
    <tr className={isChosen ? table.chosen : ""}>
      <td className={css.choice}>
        <input type="checkbox" aria-label={`Choose ${task.task_id}`} checked={isChosen} onChange={toggle} />
      </td>
      <td>
        <Link to="/tasks/$task_id" params={{ task_id: task.task_id }} data-row className={css.id}>
          <strong>{task.function}</strong>
          <code className={css.whole}>{task.task_id.slice(task.function.length + 1)}</code>
          <code className={css.short}>…{task.task_id.slice(-12)}</code>
        </Link>
      </td>
      <td>
        <StateChip state={task.state} />
      </td>
      <td className={`${table.wide} number`}>
        {task.attempt} <span className="soft">of {task.max_attempts}</span>
      </td>
      <td className={table.nowrap}>
        <Time at={task.created_at} />
      </td>
      <td className={`${table.wide} ${table.nowrap}`}>
        <Time at={task.updated_at} />
      </td>
      <td className={`${table.right} ${table.wide} ${table.nowrap} number`}>{ranFor(task)}</td>
      <td className={`${table.wide} ${table.cut}`}>
        <Happened task={task} />
      </td>
    </tr>
  );
}

function ranFor({ started_at, finished_at }: TaskSummary): string {
  return started_at && finished_at ? duration(secondsBetween(started_at, finished_at)) : "–";
}

function Happened({ task }: { task: TaskSummary }) {
  if (task.state === "ACTIVE" && task.progress > 0)
    return <Progress fraction={task.progress} note={task.note} />;
  if (task.state === "SCHEDULED") return <Due task={task} />;
  if (!task.last_error || task.state === "COMPLETED") return null;
  return (
    <span title={task.last_error}>
      <code className={css.error}>{task.error_type}</code> {task.last_error}
    </span>
  );
}

function Due({ task }: { task: TaskSummary }) {
  return (
    <span>
      due <Time at={task.retry_after} />
      {task.error_type && (
        <>
          {" after "}
          <code className={css.error}>{task.error_type}</code>
        </>
      )}
    </span>
  );
}
