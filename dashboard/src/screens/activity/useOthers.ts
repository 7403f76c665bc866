import type { UseQueryResult } from "@tanstack/react-query";
import { useClusterEvents, useDecisions, useDependencies, useEachDependency } from "@/api/queries";
import { type Happening, isEcho, ofBreakers, ofCluster, ofScaling } from "@/model/activity";
import type { ActivitySearch, Shown } from "@/model/activitySearch";

export interface Others {
  happenings: Happening[];
  /** What they were read by. */
  queries: readonly UseQueryResult<unknown>[];
}

/** What happened besides transitions, as far as the filters want it: another source is one more of these. */
export function useOthers({ show, function: name }: ActivitySearch): Others {
  const dependencies = useDependencies();
  const wants = (kind: Shown) => !show || show === kind;
  const wantsScaling = wants("scaling");
  const wantsBreakers = !name && wants("breakers");
  const cluster = useClusterEvents();
  const events = (cluster.data?.events ?? []).filter((one) => show === "cluster" || !isEcho(one));
  const scaling = useDecisions(name ?? "", wantsScaling);
  const breakers = useEachDependency(wantsBreakers ? (dependencies.data ?? []).map((one) => one.name) : []);
  return {
    happenings: [
      ...(wantsScaling ? ofScaling(scaling.data ?? []) : []),
      ...ofBreakers(breakers.flatMap((one) => one.data ?? [])),
      ...(wants("cluster") ? ofCluster(events, name) : []),
    ],
    queries: [
      ...(wantsScaling ? [scaling] : []),
      ...(wantsBreakers ? [dependencies, ...breakers] : []),
      ...(show === "cluster" ? [cluster] : []),
    ],
  };
}

/** The one that says most about how all of them are: an error, or an answer that is still awaited. */
export function worstOf(queries: readonly UseQueryResult<unknown>[]): UseQueryResult<unknown> | undefined {
  const failed = queries.find((one) => one.isError);
  return failed ?? queries.find((one) => one.data === undefined) ?? queries[0];
}
