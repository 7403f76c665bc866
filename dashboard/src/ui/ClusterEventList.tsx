import { Info, TriangleAlert } from "lucide-react";
import type { ClusterEvent } from "@/api/types";
import { count } from "@/format/numbers";
import css from "./ClusterEventList.module.css";
import { Time } from "./Time";

/** Kubernetes Events, newest first. */
export function ClusterEventList({ events }: { events: readonly ClusterEvent[] }) {
  if (events.length === 0) return <p className="soft">None; Kubernetes keeps them for an hour.</p>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <ol className={css.events} tabIndex={0} aria-label="Events, newest first">
      {events.map((one) => (
        <ClusterEventLine key={`${one.object} ${one.reason} ${one.at} ${one.message}`} event={one} />
      ))}
    </ol>
  );
}

export function ClusterEventLine({ event }: { event: ClusterEvent }) {
  const isWarning = event.type === "Warning";
  return (
    <li>
      <span className={css.head}>
        {isWarning ? (
          <TriangleAlert size={14} className={css.bad} aria-label="Warning" />
        ) : (
          <Info size={14} className={css.plain} aria-label="Normal" />
        )}
        <b>{event.reason}</b>
        {event.count > 1 && <span className="number soft">{count(event.count)} times</span>}
        <span className={css.at}>
          <Time at={event.at} />
        </span>
      </span>
      <span className={css.message}>{event.message}</span>
      <code className={css.object}>{event.object}</code>
    </li>
  );
}
