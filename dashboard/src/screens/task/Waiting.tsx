import { Hourglass, TriangleAlert } from "lucide-react";
import { useEachDependency, useFunction, useScaling } from "@/api/queries";
import type { TaskDetail } from "@/api/types";
import { whyWaiting } from "@/model/waiting";
import { useNow } from "@/ui/clock";
import css from "./Waiting.module.css";

/** Why the task does not run yet. */
export function Waiting({ task }: { task: TaskDetail }) {
  const nowMs = useNow();
  const { data: found } = useFunction(task.function);
  const { data: scaling } = useScaling(task.function);
  const dependencies = useEachDependency(found?.dependencies ?? []);
  const reasons = whyWaiting({
    task,
    function: found,
    dependencies: dependencies.flatMap((one) => one.data ?? []),
    decision: scaling?.decisions[0],
    nowMs,
  });
  if (reasons.length === 0) return null;
  return (
    <section className={css.waiting} aria-label="Why it waits">
      <h2>Why it waits</h2>
      <ul>
        {reasons.map((reason) => (
          <li key={reason.text} className={reason.isBlocked ? css.blocked : ""}>
            {reason.isBlocked ? (
              <TriangleAlert size={15} aria-hidden="true" />
            ) : (
              <Hourglass size={15} aria-hidden="true" />
            )}
            {reason.text}
          </li>
        ))}
      </ul>
    </section>
  );
}
