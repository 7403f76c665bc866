import { Link, useParams } from "@tanstack/react-router";
import { useTask } from "@/api/queries";
import type { TaskDetail } from "@/api/types";
import { errorOf } from "@/model/deadLetters";
import { isOpen } from "@/model/states";
import { Card } from "@/ui/Card";
import { Facts } from "@/ui/Facts";
import layout from "@/ui/layout.module.css";
import { PageHead } from "@/ui/PageHead";
import { Progress } from "@/ui/Progress";
import { QueryView } from "@/ui/QueryView";
import { StateChip } from "@/ui/StateChip";
import { Moment, Time } from "@/ui/Time";
import { Input } from "./Input";
import { Lookups } from "./Lookups";
import { Result } from "./Result";
import { TaskActions } from "./TaskActions";
import { Timeline } from "./Timeline";
import { Waiting } from "./Waiting";

export function TaskScreen() {
  const { task_id } = useParams({ from: "/tasks/$task_id" });
  const query = useTask(task_id);
  return (
    <div className={layout.page}>
      <QueryView query={query} lines={10}>
        {(task) => <Task task={task} />}
      </QueryView>
    </div>
  );
}

function Task({ task }: { task: TaskDetail }) {
  return (
    <>
      <PageHead
        title={task.task_id}
        above={<Link to="/tasks">Tasks</Link>}
        lead={
          <>
            <StateChip state={task.state} />
            <Link to="/functions/$name" params={{ name: task.function }}>
              {task.function}
            </Link>
            <span>
              created <Time at={task.created_at} />
            </span>
            {task.state === "ACTIVE" && <Progress fraction={task.progress} note={task.note} />}
          </>
        }
        actions={<TaskActions task={task} />}
      />
      {isOpen(task.state) && <Waiting task={task} />}
      <div className={layout.withAside}>
        <div className={layout.stack}>
          <Timeline task={task} />
          {task.output !== null && task.output !== undefined && <Result task={task} />}
          <Input task={task} />
        </div>
        <div className={layout.stack}>
          <TaskFacts task={task} />
          <Lookups task={task} />
        </div>
      </div>
    </>
  );
}

function TaskFacts({ task }: { task: TaskDetail }) {
  return (
    <Card title="Facts">
      <Facts
        facts={[
          ["Created", <Moment key="at" at={task.created_at} />],
          ["Started", <Moment key="at" at={task.started_at} />],
          ["Finished", <Moment key="at" at={task.finished_at} />],
          ["Attempt", `${task.attempt} of ${task.max_attempts}`],
          ["Failures", task.failures],
          ["Redrives", task.redrives],
          ...(task.fingerprint ? [["Failed alike", <Alike key="alike" task={task} />] as const] : []),
          ["Worker", task.worker_id ?? "–"],
          ["Expires", <Moment key="at" at={task.expires_at} />],
        ]}
      />
    </Card>
  );
}

function Alike({ task }: { task: TaskDetail }) {
  const error = errorOf({ error_class: task.error_type ?? "", fingerprint: task.fingerprint });
  return (
    <Link to="/tasks" search={{ function: task.function, state: "DLQ", error }}>
      <code>{task.fingerprint}</code>
    </Link>
  );
}
