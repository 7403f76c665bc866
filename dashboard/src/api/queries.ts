import type { operations } from "@schema";
import { keepPreviousData, useQueries, useQuery } from "@tanstack/react-query";
import { api, body } from "./client";
import { keys } from "./keys";

export type TaskQuery = NonNullable<operations["list_summaries"]["parameters"]["query"]>;

/** Milliseconds between looks at what no event announces. Events outdate the rest at once. */
const OFTEN_MS = 3_000;
const SELDOM_MS = 10_000;
const RARELY_MS = 60_000;
const FINISHED_SHOWN = 100;
/** Of each function: more are not read, but counted. */
const GROUPS_SHOWN = 50;

export function useMe() {
  return useQuery({
    queryKey: keys.me,
    queryFn: () => body(api.GET("/api/v1/me")),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

export function useVersion() {
  return useQuery({
    queryKey: keys.version,
    queryFn: () => body(api.GET("/version")),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

export function useQueues() {
  return useQuery({
    queryKey: keys.queues,
    queryFn: () => body(api.GET("/api/v1/queues/status")),
    refetchInterval: OFTEN_MS,
  });
}

export function useThroughput(minutes: number, name = "") {
  return useQuery({
    queryKey: keys.throughput(minutes, name),
    queryFn: () => body(api.GET("/api/v1/throughput", { params: { query: { minutes, function: name } } })),
    refetchInterval: OFTEN_MS,
    placeholderData: keepPreviousData,
  });
}

/** The newest completed tasks: what waits and runs took lately. */
export function useFinished(name = "") {
  const query: TaskQuery = { task_status: "COMPLETED", task_type: name, page_size: FINISHED_SHOWN };
  return useQuery({
    queryKey: keys.finished(name),
    queryFn: () => body(api.GET("/api/v1/tasks/summaries/", { params: { query } })),
    refetchInterval: OFTEN_MS,
  });
}

export function useFunctions() {
  return useQuery({
    queryKey: keys.functions,
    queryFn: () => body(api.GET("/api/v1/functions")),
    refetchInterval: OFTEN_MS,
    select: (found) => found.functions,
  });
}

export function useFunction(name: string) {
  return useQuery({
    queryKey: keys.function(name),
    queryFn: () => body(api.GET("/api/v1/functions/{name}", { params: { path: { name } } })),
    refetchInterval: OFTEN_MS,
  });
}

function scalingOf(name: string) {
  return {
    queryKey: keys.scaling(name),
    queryFn: () => body(api.GET("/api/v1/functions/{name}/scaling", { params: { path: { name } } })),
    refetchInterval: OFTEN_MS,
  };
}

export function useScaling(name: string) {
  return useQuery(scalingOf(name));
}

export function useScalingOfAll(names: readonly string[]) {
  return useQueries({ queries: names.map(scalingOf) });
}

export function useWorkers() {
  return useQuery({
    queryKey: keys.workers,
    queryFn: () => body(api.GET("/api/v1/workers/")),
    refetchInterval: OFTEN_MS,
  });
}

export function useDependencies() {
  return useQuery({
    queryKey: keys.dependencies,
    queryFn: () => body(api.GET("/api/v1/dependencies")),
    refetchInterval: OFTEN_MS,
    select: (found) => found.dependencies,
  });
}

function dependencyOf(name: string) {
  return {
    queryKey: keys.dependency(name),
    queryFn: () => body(api.GET("/api/v1/dependencies/{name}", { params: { path: { name } } })),
    refetchInterval: SELDOM_MS,
  };
}

export function useDependency(name: string) {
  return useQuery(dependencyOf(name));
}

export function useEachDependency(names: readonly string[]) {
  return useQueries({ queries: names.map(dependencyOf) });
}

/** The LLM service as the API last saw it. */
export function useService() {
  return useQuery({
    queryKey: keys.service,
    queryFn: () => body(api.GET("/api/v1/openrouter/status")),
    refetchInterval: RARELY_MS,
  });
}

export function useServiceDays() {
  return useQuery({
    queryKey: keys.serviceDays,
    queryFn: () => body(api.GET("/api/v1/openrouter/metrics", { params: { query: { days: 7 } } })),
    refetchInterval: RARELY_MS,
  });
}

export function useDeadLetters() {
  return useQuery({
    queryKey: keys.deadLetters,
    queryFn: () => body(api.GET("/api/v1/queues/dlq/groups", { params: { query: { limit: GROUPS_SHOWN } } })),
    refetchInterval: SELDOM_MS,
  });
}

export function useTaskPage(query: TaskQuery) {
  return useQuery({
    queryKey: keys.taskPage(query),
    queryFn: () => body(api.GET("/api/v1/tasks/summaries/", { params: { query } })),
    placeholderData: keepPreviousData,
  });
}

export function useTask(id: string) {
  return useQuery({
    queryKey: keys.task(id),
    queryFn: () => body(api.GET("/api/v1/tasks/{task_id}", { params: { path: { task_id: id } } })),
    refetchInterval: SELDOM_MS,
  });
}
