import type { TaskPage, TaskSummary, Transition } from "@/api/types";
import { isOpen } from "@/model/states";

/**
 * The page with its rows as the transitions left them. No row moves, comes or goes: whoever reads must not lose
 * their place. The same object if no row of it changed.
 */
export function patchPage(page: TaskPage, transitions: readonly Transition[]): TaskPage {
  const latest = new Map(transitions.map((one) => [one.task_id, one]));
  let changed = false;
  const tasks = page.tasks.map((task) => {
    const news = latest.get(task.task_id);
    if (!news || news.at < task.updated_at) return task;
    changed = true;
    return patched(task, news);
  });
  return changed ? { ...page, tasks } : page;
}

function patched(task: TaskSummary, news: Transition): TaskSummary {
  const isProgress = news.kind === "progress";
  return {
    ...task,
    state: news.new_state ?? task.state,
    updated_at: news.at,
    attempt: news.attempt || task.attempt,
    worker_id: news.worker || task.worker_id,
    error_type: news.error_class || task.error_type,
    started_at: news.kind === "claimed" ? news.at : task.started_at,
    finished_at: news.new_state && !isOpen(news.new_state) ? news.at : null,
    progress: isProgress ? news.progress : task.progress,
    note: isProgress ? news.note : task.note,
  };
}

/** How many of the transitions brought a task that is not on the page. */
export function countNew(page: TaskPage | undefined, transitions: readonly Transition[]): number {
  const shown = new Set(page?.tasks.map((task) => task.task_id));
  return transitions.filter((one) => one.kind === "enqueued" && !shown.has(one.task_id ?? "")).length;
}
