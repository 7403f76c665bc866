import type { RecentEvents, Transition } from "@/api/types";

/** Events without a gap from the newest to where `cursor` goes on, newest first. */
export interface EventLog {
  events: readonly Transition[];
  /** For what is older; empty where nothing is. */
  cursor: string;
  /** How many may stay when new ones come. */
  kept: number;
}

/** As many as a person reads without asking for more. */
export const KEPT = 60;
/** What may come while older ones are on their way, and none of it must cut the place where those belong. */
const ROOM = 1000;
export const NOTHING: EventLog = { events: [], cursor: "", kept: KEPT };
const PLACE = /^(.*)=\d+-(\d+)\.(\d+)$/;

/** The newer one first, in the API's own order. */
export function newerFirst(one: Transition, other: Transition): number {
  if (one.at !== other.at) return one.at < other.at ? 1 : -1;
  const [, name = "", entry = 0, line = 0] = PLACE.exec(one.id) ?? [];
  const [, otherName = "", otherEntry = 0, otherLine = 0] = PLACE.exec(other.id) ?? [];
  if (entry !== otherEntry) return Number(otherEntry) - Number(entry);
  if (name !== otherName) return name < otherName ? 1 : -1;
  return Number(otherLine) - Number(line);
}

/** The newest page, just read, below what has come since. Older pages are forgotten: there may be a gap before them. */
export function begun(log: EventLog, page: RecentEvents): EventLog {
  const [newest] = page.events;
  const since = newest ? log.events.filter((one) => newerFirst(one, newest) < 0) : log.events;
  return cut({ events: [...since, ...page.events], cursor: page.next_cursor, kept: KEPT });
}

/** What the feed told, which may be known from a page already. */
export function withNews(log: EventLog, news: readonly Transition[]): EventLog {
  const known = new Set(log.events.map((one) => one.id));
  const fresh = news.filter((one) => !known.has(one.id));
  if (fresh.length === 0) return log;
  return cut({ ...log, events: [...fresh, ...log.events].sort(newerFirst) });
}

/** Older ones are on their way. */
export function askedForOlder(log: EventLog): EventLog {
  return { ...log, kept: log.events.length + ROOM };
}

/** The page that was asked for at `cursor`; what came too late to fit on is left out, since a gap would be a lie. */
export function withOlder(log: EventLog, page: RecentEvents, cursor: string): EventLog {
  if (cursor !== log.cursor) return log;
  const events = [...log.events, ...page.events];
  return { events, cursor: page.next_cursor, kept: Math.max(KEPT, events.length) };
}

function cut(log: EventLog): EventLog {
  if (log.events.length <= log.kept) return log;
  const events = log.events.slice(0, log.kept);
  return { ...log, events, cursor: events.at(-1)?.id ?? "" };
}
