import { type Query, useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext, useEffect, useRef, useSyncExternalStore } from "react";
import { keys } from "@/api/keys";
import type { TaskPage } from "@/api/types";
import type { Batch, Feed, FeedStatus } from "./feed";
import { outdatedBy } from "./outdated";
import { patchPage } from "./patch";

const FeedContext = createContext<Feed | null>(null);

/** Holds the tab's one stream, and lets its events outdate what the cache holds. */
export function LiveProvider({ feed, children }: { feed: Feed; children: ReactNode }) {
  const cache = useQueryClient();
  useEffect(() => feed.start(), [feed]);
  useEffect(
    () =>
      feed.onBatch((batch) => {
        cache.setQueriesData<TaskPage>({ queryKey: keys.taskPages }, (page) =>
          page ? patchPage(page, batch.transitions) : page,
        );
        const isOutdated = outdatedBy(batch);
        const filter = { predicate: (query: Query) => isOutdated(query.queryKey) };
        void cache.invalidateQueries(filter, { cancelRefetch: false });
      }),
    [feed, cache],
  );
  return <FeedContext value={feed}>{children}</FeedContext>;
}

export function useFeed(): Feed {
  const feed = useContext(FeedContext);
  if (!feed) throw new Error("useFeed: outside of LiveProvider");
  return feed;
}

export function useFeedStatus(): FeedStatus {
  const feed = useFeed();
  return useSyncExternalStore(feed.onStatus, feed.getStatus);
}

/** Calls back with each batch while the component is shown. */
export function useBatches(listener: (batch: Batch) => void): void {
  const feed = useFeed();
  const latest = useRef(listener);
  useEffect(() => {
    latest.current = listener;
  });
  useEffect(() => feed.onBatch((batch) => latest.current(batch)), [feed]);
}
