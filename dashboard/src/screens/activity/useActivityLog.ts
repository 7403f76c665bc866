import { useMutation } from "@tanstack/react-query";
import { useEffect, useLayoutEffect, useReducer, useState } from "react";
import { readRecentEvents, useRecentEvents } from "@/api/queries";
import type { RecentEvents, Transition } from "@/api/types";
import { Coalescer } from "@/live/coalesce";
import { useBatches } from "@/live/LiveProvider";
import { isNews } from "@/model/activity";
import { askedForOlder, begun, type EventLog, NOTHING, withNews, withOlder } from "@/model/eventLog";

/** Nobody reads faster; and under a flood each change replaces all lines. */
const CHANGES_EVERY_MS = 1000;

interface State {
  live: EventLog;
  /** What is read in peace while the other one goes on. */
  held: EventLog | null;
  heldMs: number | null;
}

type Action =
  | { did: "begin"; page: RecentEvents }
  | { did: "happen"; news: readonly Transition[] }
  | { did: "ask" }
  | { did: "read"; page: RecentEvents; cursor: string }
  | { did: "hold"; atMs: number }
  | { did: "go on" };

function next(state: State, action: Action): State {
  switch (action.did) {
    case "begin":
      return { ...state, live: begun(state.live, action.page) };
    case "happen":
      return { ...state, live: withNews(state.live, action.news) };
    case "ask":
      return onShown(state, askedForOlder);
    case "read":
      return onShown(state, (log) => withOlder(log, action.page, action.cursor));
    case "hold":
      return { ...state, held: state.live, heldMs: action.atMs };
    case "go on":
      return { ...state, held: null, heldMs: null };
  }
}

function onShown(state: State, change: (log: EventLog) => EventLog): State {
  return state.held ? { ...state, held: change(state.held) } : { ...state, live: change(state.live) };
}

/** Past and new events of a function, or of all when the name is empty; another name needs another component. */
export function useActivityLog(name: string) {
  const first = useRecentEvents(name);
  const [{ live, held, heldMs }, tell] = useReducer(next, { live: NOTHING, held: null, heldMs: null });
  // Before the first paint: an answer must not look empty for a moment.
  useLayoutEffect(() => {
    if (first.data) tell({ did: "begin", page: first.data });
  }, [first.data]);
  const [news] = useState(
    () => new Coalescer<Transition>(CHANGES_EVERY_MS, (some) => tell({ did: "happen", news: some })),
  );
  useEffect(() => () => news.stop(), [news]);
  useBatches((batch) =>
    news.add(batch.transitions.filter((one) => isNews(one) && (!name || one.function === name))),
  );
  const log = held ?? live;
  const older = useMutation({
    mutationFn: (cursor: string) => readRecentEvents(name, cursor),
    onMutate: () => tell({ did: "ask" }),
    onSuccess: (page, cursor) => tell({ did: "read", page, cursor }),
  });
  return {
    first,
    log,
    heldMs,
    older,
    readOlder: () => older.isPending || older.mutate(log.cursor),
    hold: (atMs: number) => tell({ did: "hold", atMs }),
    goOn: () => tell({ did: "go on" }),
  };
}
