import { ArrowUp } from "lucide-react";
import { useEffect, useState } from "react";
import type { TaskPage } from "@/api/types";
import { counted } from "@/format/numbers";
import { useBatches } from "@/live/LiveProvider";
import { countNew } from "@/live/patch";
import css from "./NewTasks.module.css";

interface Props {
  page: TaskPage | undefined;
  isFirst: boolean;
  refresh: () => void;
}

/** Says that tasks have come since the page was read; they come in only when asked to, so that nothing jumps. */
export function NewTasks({ page, isFirst, refresh }: Props) {
  const [fresh, setFresh] = useState(0);
  const top = page?.tasks[0]?.task_id;
  // biome-ignore lint/correctness/useExhaustiveDependencies: another first row means that the page was read again
  useEffect(() => setFresh(0), [top]);
  useBatches((batch) => {
    const more = countNew(page, batch.transitions);
    if (more > 0) setFresh((before) => before + more);
  });
  if (!isFirst || fresh === 0) return null;
  return (
    <button
      type="button"
      className={css.banner}
      onClick={() => {
        setFresh(0);
        refresh();
      }}
    >
      <ArrowUp size={14} aria-hidden="true" />
      {counted(fresh, "new task")}: show
    </button>
  );
}
