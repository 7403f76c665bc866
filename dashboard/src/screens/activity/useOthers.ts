import type { UseQueryResult } from "@tanstack/react-query";
import { useDependencies, useEachDependency, useFunctions, useScalingOfAll } from "@/api/queries";
import { type Happening, ofBreakers, ofScaling } from "@/model/activity";
import type { ActivitySearch } from "@/model/activitySearch";

export interface Others {
  happenings: Happening[];
  /** What they were read by. */
  queries: readonly UseQueryResult<unknown>[];
}

/** What happened besides transitions, as far as the filters want it: another source is one more of these. */
export function useOthers({ show, function: name }: ActivitySearch): Others {
  const functions = useFunctions();
  const dependencies = useDependencies();
  const wantsScaling = show !== "tasks" && show !== "breakers";
  const wantsBreakers = !name && show !== "tasks" && show !== "scaling";
  const names = (functions.data ?? []).map((one) => one.name).filter((one) => !name || one === name);
  const scaling = useScalingOfAll(wantsScaling ? names : []);
  const breakers = useEachDependency(wantsBreakers ? (dependencies.data ?? []).map((one) => one.name) : []);
  return {
    happenings: [
      ...ofScaling(scaling.flatMap((one) => one.data ?? [])),
      ...ofBreakers(breakers.flatMap((one) => one.data ?? [])),
    ],
    queries: [
      ...(wantsScaling ? [functions, ...scaling] : []),
      ...(wantsBreakers ? [dependencies, ...breakers] : []),
    ],
  };
}

/** The one that says most about how all of them are: an error, or an answer that is still awaited. */
export function worstOf(queries: readonly UseQueryResult<unknown>[]): UseQueryResult<unknown> | undefined {
  const failed = queries.find((one) => one.isError);
  return failed ?? queries.find((one) => one.data === undefined) ?? queries[0];
}
