import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, body } from "./client";
import { credentialHeaders } from "./credential";
import { keys } from "./keys";
import { readProblem, unreachable } from "./problem";
import type { BulkAction } from "./types";

export type TaskAct = "retry" | "cancel" | "delete";
export type BreakerAct = "open" | "close" | "reset";

function useOutdate() {
  const cache = useQueryClient();
  return (...outdated: readonly (readonly unknown[])[]) =>
    Promise.all(outdated.map((queryKey) => cache.invalidateQueries({ queryKey })));
}

function actOnTask(act: TaskAct, id: string): Promise<unknown> {
  const params = { path: { task_id: id } };
  switch (act) {
    case "retry":
      return body(api.POST("/api/v1/tasks/{task_id}/retry", { params, body: { reset_retry_count: true } }));
    case "cancel":
      return body(api.POST("/api/v1/tasks/{task_id}/cancel", { params }));
    case "delete":
      return body(api.DELETE("/api/v1/tasks/{task_id}", { params }));
  }
}

export function useTaskAct(id: string) {
  const outdate = useOutdate();
  return useMutation({
    mutationFn: (act: TaskAct) => actOnTask(act, id),
    onSuccess: (_, act) =>
      outdate(keys.taskPages, keys.queues, keys.deadLetters, ...(act === "delete" ? [] : [keys.task(id)])),
  });
}

export function usePause(name: string) {
  const outdate = useOutdate();
  return useMutation({
    mutationFn: (pause: boolean) => {
      const params = { path: { name } };
      return pause
        ? body(api.POST("/api/v1/functions/{name}/pause", { params }))
        : body(api.POST("/api/v1/functions/{name}/resume", { params }));
    },
    onSuccess: () => outdate(keys.functions, keys.function(name), keys.queues),
  });
}

export function useBreakerAct(name: string) {
  const outdate = useOutdate();
  return useMutation({
    mutationFn: (act: BreakerAct) => {
      const params = { path: { name } };
      switch (act) {
        case "open":
          return body(api.POST("/api/v1/dependencies/{name}/open", { params }));
        case "close":
          return body(api.POST("/api/v1/dependencies/{name}/close", { params }));
        case "reset":
          return body(api.POST("/api/v1/dependencies/{name}/reset", { params }));
      }
    },
    onSuccess: () => outdate(keys.dependencies, keys.dependency(name)),
  });
}

export function useBulk() {
  const outdate = useOutdate();
  return useMutation({
    mutationFn: (asked: BulkAction) => body(api.POST("/api/v1/tasks/bulk", { body: asked })),
    onSuccess: (outcome) =>
      outcome.dry_run ? undefined : outdate(keys.taskPages, keys.queues, keys.deadLetters),
  });
}

export function useRequeueOrphans() {
  const outdate = useOutdate();
  return useMutation({
    mutationFn: () => body(api.POST("/api/v1/tasks/requeue-orphaned")),
    onSuccess: () => outdate(keys.queues, keys.taskPages),
  });
}

async function send<Answer>(path: string, init: RequestInit): Promise<Answer> {
  const headers = { ...credentialHeaders(), ...init.headers };
  const response = await fetch(path, { method: "POST", ...init, headers }).catch((cause: unknown) => {
    throw unreachable(cause);
  });
  if (!response.ok) throw await readProblem(response);
  return (await response.json()) as Answer;
}

/** A task's input is whatever its function says it is, so the document has no type for it. */
export function useSubmit(name: string) {
  const outdate = useOutdate();
  return useMutation({
    mutationFn: (input: unknown) =>
      send<{ task_id: string }>(`/api/v1/functions/${encodeURIComponent(name)}/tasks`, {
        body: JSON.stringify(input),
        headers: { "Content-Type": "application/json" },
      }),
    onSuccess: () => outdate(keys.queues, keys.taskPages),
  });
}

/** Uploads are streamed as multipart, which the typed client does not do. */
export function useUpload(name: string) {
  return useMutation({
    mutationFn: (file: File) => {
      const form = new FormData();
      form.append("file", file);
      return send<{ ref: string }>(`/api/v1/uploads?function=${encodeURIComponent(name)}`, { body: form });
    },
  });
}
