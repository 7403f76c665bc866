import { duration } from "@/format/times";
import type { FeedStatus } from "@/live/feed";
import { useFeed, useFeedStatus } from "@/live/LiveProvider";
import { useNow } from "@/ui/clock";
import css from "./Freshness.module.css";

const STALE_MS = 20_000;
const WORDS: Readonly<Record<FeedStatus, string>> = {
  connecting: "Connecting",
  live: "Live",
  reconnecting: "Reconnecting",
  hidden: "Asleep",
  refused: "Signed out",
};

/** Whether what the page shows is what is, and how old it is if not. */
export function Freshness() {
  const feed = useFeed();
  const status = useFeedStatus();
  useNow();
  const silentMs = feed.silentMs();
  const isStale = status === "live" && silentMs > STALE_MS;
  const age =
    Number.isFinite(silentMs) && status !== "live" ? ` · ${duration(Math.round(silentMs / 1000))}` : "";
  return (
    <span
      className={css.badge}
      data-status={isStale ? "reconnecting" : status}
      role="status"
      data-testid="freshness"
    >
      <i className={css.dot} />
      {isStale ? "Stale" : WORDS[status]}
      <span className={css.age}>{age}</span>
    </span>
  );
}
