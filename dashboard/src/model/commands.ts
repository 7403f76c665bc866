import type { TaskSummary } from "@/api/types";

/** A task as something to paste into a shell. */
export interface Command {
  name: "curl" | "atf" | "kubectl";
  text: string;
}

/** The text as one word of a POSIX shell, whatever is in it. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** Names the key, and never writes it out. */
export function authorization(hasKey: boolean): string {
  return hasKey ? ' -H "Authorization: Bearer $ATF_API_KEY"' : "";
}

/** How to look at the task from elsewhere. */
export function lookups(task: Pick<TaskSummary, "task_id">, origin: string, hasKey: boolean): Command[] {
  const header = authorization(hasKey);
  return [
    { name: "curl", text: `curl -s${header} ${quoted(`${origin}/api/v1/tasks/${task.task_id}`)}` },
    { name: "atf", text: `atf get ${task.task_id}` },
    { name: "kubectl", text: `kubectl get task ${task.task_id} -o yaml` },
  ];
}

/** How to submit such a task from elsewhere. */
export function submission(name: string, input: unknown, origin: string, hasKey: boolean): string {
  const header = authorization(hasKey);
  const url = quoted(`${origin}/api/v1/functions/${name}/tasks`);
  return `curl -s${header} -H 'Content-Type: application/json' -d ${quoted(JSON.stringify(input))} ${url}`;
}
