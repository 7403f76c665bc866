import { expect, test } from "vitest";
import type { Transition } from "@/api/types";
import { transition } from "@/live/sample";
import {
  askedForOlder,
  begun,
  type EventLog,
  KEPT,
  NOTHING,
  newerFirst,
  withNews,
  withOlder,
} from "./eventLog";

/** The event of that many milliseconds after the beginning. */
function event(ms: number, line = 1, name = "drill"): Transition {
  const at = new Date(Date.parse("2026-11-26T10:00:00Z") + ms);
  return transition({ id: `${name}=${at.getTime()}-0.${line}`, at: at.toISOString(), function: name });
}
const down = (from: number, to: number) =>
  Array.from({ length: from - to + 1 }, (_, one) => event(from - one));
const times = (log: EventLog) => log.events.map((one) => Date.parse(one.at) % 1000);

test("what came before the first page stands above it, and nothing stands twice", () => {
  const early = withNews(NOTHING, [event(3), event(4), event(5)]);
  const log = begun(early, { events: down(4, 1), next_cursor: "more" });

  expect(times(log)).toEqual([5, 4, 3, 2, 1]);
  expect(log.cursor).toBe("more");
  expect(withNews(log, [event(5), event(2)])).toBe(log);
});

test("events of one entry and of one millisecond keep the order of the API", () => {
  const events = [event(1, 1, "a"), event(1, 2, "b"), event(1, 10, "b"), event(1, 9, "b")];

  expect(events.sort(newerFirst).map((one) => one.id.replace(/=.*\./, " "))).toEqual([
    "b 10",
    "b 9",
    "b 2",
    "a 1",
  ]);
});

test("when news push old ones out, older ones go on where the list ends", () => {
  const full = begun(NOTHING, { events: down(KEPT, 1), next_cursor: "" });
  const log = withNews(full, [event(KEPT + 1), event(KEPT + 2)]);

  expect(log.events).toHaveLength(KEPT);
  expect(log.cursor).toBe(event(3).id);
});

test("older ones are added at the end and stay until news push them out", () => {
  const first = begun(NOTHING, { events: down(KEPT + 50, 51), next_cursor: "at 51" });
  const asked = withNews(askedForOlder(first), [event(KEPT + 51)]);
  const log = withOlder(asked, { events: down(50, 1), next_cursor: "" }, "at 51");

  expect(log.events).toHaveLength(KEPT + 51);
  expect(log.cursor).toBe("");
  expect(withNews(log, [event(KEPT + 52)]).cursor).toBe(event(2).id);
});

test("older ones that no longer fit on are left out", () => {
  const log = begun(NOTHING, { events: down(9, 5), next_cursor: "at 5" });

  expect(withOlder(log, { events: down(3, 1), next_cursor: "" }, "at 4")).toBe(log);
});

test("after missed events the list begins anew with what is newest", () => {
  const old = begun(NOTHING, { events: down(9, 5), next_cursor: "at 5" });
  const log = begun(withNews(old, [event(99)]), { events: down(90, 80), next_cursor: "at 80" });

  expect(times(log)).toEqual([99, ...down(90, 80).map((one) => Date.parse(one.at) % 1000)]);
  expect(log.cursor).toBe("at 80");
});
