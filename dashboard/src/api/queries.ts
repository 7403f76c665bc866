import type { operations } from "@schema";
import { keepPreviousData, useQueries, useQuery } from "@tanstack/react-query";
import { KEPT } from "@/model/eventLog";
import type { OpenApi } from "@/model/openApi";
import { SHOWN_MIN } from "@/model/scaling";
import { api, body } from "./client";
import { credentialHeaders } from "./credential";
import { keys } from "./keys";
import { readProblem, unreachable } from "./problem";

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

/** The API's own description of itself, which is no operation of its own and so has no type. */
export function useDocument() {
  return useQuery({
    queryKey: keys.document,
    queryFn: async () => {
      const answer = await fetch("/openapi.json", { headers: credentialHeaders() }).catch((error) => {
        throw unreachable(error);
      });
      if (!answer.ok) throw await readProblem(answer);
      return (await answer.json()) as OpenApi;
    },
    staleTime: RARELY_MS,
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

export function useScaling(name: string) {
  return useQuery({
    queryKey: keys.scaling(name),
    queryFn: () => body(api.GET("/api/v1/functions/{name}/scaling", { params: { path: { name } } })),
    refetchInterval: OFTEN_MS,
  });
}

/** The newest scaling decisions of a function, or of all when the name is empty. */
export function useDecisions(name: string, isWanted: boolean) {
  return useQuery({
    queryKey: keys.decisions(name),
    queryFn: () => body(api.GET("/api/v1/scaling", { params: { query: { function: name } } })),
    refetchInterval: OFTEN_MS,
    enabled: isWanted,
    select: (found) => found.decisions,
  });
}

export function useLoad(name: string) {
  return useQuery({
    queryKey: keys.load(name),
    queryFn: () =>
      body(
        api.GET("/api/v1/functions/{name}/load", {
          params: { path: { name }, query: { minutes: SHOWN_MIN } },
        }),
      ),
    refetchInterval: OFTEN_MS,
  });
}

/** What the cluster says of a function; asked once where the API reads none. */
export function useCluster(name: string) {
  return useQuery({
    queryKey: keys.cluster(name),
    queryFn: () => body(api.GET("/api/v1/functions/{name}/cluster", { params: { path: { name } } })),
    refetchInterval: ({ state }) => whileThereIsOne(state.data),
  });
}

/** The newest Kubernetes Events about what is ours. */
export function useClusterEvents(limit = 100) {
  return useQuery({
    queryKey: keys.clusterEvents(limit),
    queryFn: () => body(api.GET("/api/v1/cluster/events", { params: { query: { limit } } })),
    refetchInterval: ({ state }) => whileThereIsOne(state.data),
  });
}

function whileThereIsOne(found: { enabled: boolean } | undefined): number | false {
  return found?.enabled === false ? false : OFTEN_MS;
}

/** Past events of a function, or of all when the name is empty; those after an answer come over the feed. */
export function readRecentEvents(name: string, before = "") {
  const query = { function: name ? [name] : [], before, limit: KEPT };
  return body(api.GET("/api/v1/events/recent", { params: { query } }));
}

/** The newest page, read anew whenever somebody comes to look: what happened meanwhile was not listened for. */
export function useRecentEvents(name: string) {
  return useQuery({
    queryKey: keys.recentEvents(name),
    queryFn: () => readRecentEvents(name),
    staleTime: 0,
    refetchOnWindowFocus: false,
  });
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

/** A file that a task's input names; fetched with this tab's key, which a plain link would not send. */
export function fetchTaskUpload(id: string, field: string): Promise<Blob> {
  const params = { path: { task_id: id, field } };
  return body(api.GET("/api/v1/tasks/{task_id}/uploads/{field}", { params, parseAs: "blob" }));
}

/** The same, while somebody shows it: it never changes, may be large, and is let go at once. */
export function useTaskUpload(id: string, field: string) {
  return useQuery({
    queryKey: keys.taskUpload(id, field),
    queryFn: () => fetchTaskUpload(id, field),
    enabled: field !== "",
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
}
