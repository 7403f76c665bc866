import { expect, test } from "vitest";
import { transition } from "@/live/sample";
import { byHour, type Happening, happeningsOf, isEcho, ofCluster, ofTransitions } from "./activity";
import { changed, readActivitySearch } from "./activitySearch";
import { type EventLog, KEPT } from "./eventLog";

const ALL = { search: {}, heldMs: null };

function log(cursor: string, ...changes: Parameters<typeof transition>[0][]): EventLog {
  return {
    events: changes.map((one, number) => transition({ id: `e${number}`, ...one })),
    cursor,
    kept: KEPT,
  };
}
function scaling(at: string): Happening {
  return { id: at, at, kind: "scaling", subject: "drill", text: "2 workers", taskId: null, state: null };
}

test("progress is no news", () => {
  const [one, ...rest] = ofTransitions([
    transition({ kind: "progress" }),
    transition({ kind: "failed", error_class: "timeout", attempt: 2 }),
  ]);

  expect(one?.text).toBe("failed (timeout), attempt 2");
  expect(rest).toEqual([]);
});

test("decisions stand where they happened, but none below the last event while there are older ones", () => {
  const others = [scaling("2026-11-26T10:00:01.500Z"), scaling("2026-11-26T09:00:00Z")];
  const events = [{ at: "2026-11-26T10:00:02Z" }, { at: "2026-11-26T10:00:01Z" }];

  expect(happeningsOf(log("more", ...events), others, ALL).map((one) => one.kind)).toEqual([
    "task",
    "scaling",
    "task",
  ]);
  expect(happeningsOf(log("", ...events), others, ALL)).toHaveLength(4);
  expect(happeningsOf(log("more", ...events), others, { ...ALL, search: { show: "scaling" } })).toHaveLength(
    2,
  );
});

test("what is held shows nothing newer", () => {
  const events = [{ at: "2026-11-26T10:00:02Z" }, { at: "2026-11-26T10:00:01Z" }];
  const others = [scaling("2026-11-26T10:00:05Z")];
  const heldMs = Date.parse("2026-11-26T10:00:01Z");

  expect(happeningsOf(log("", ...events), others, { search: {}, heldMs }).map((one) => one.id)).toEqual([
    "e1",
  ]);
});

test("hours are those of the reader's clock, also where it is half an hour off", () => {
  const happenings = ofTransitions([
    transition({ at: "2026-11-26T10:40:00Z" }),
    transition({ at: "2026-11-26T10:20:00Z" }),
    transition({ at: "2026-11-26T09:50:00Z" }),
  ]);
  const starts = (offset: number) =>
    byHour(happenings, () => offset).map((hour) => [
      new Date(hour.startMs).toISOString().slice(11, 16),
      hour.happenings.length,
    ]);

  expect(starts(0)).toEqual([
    ["10:00", 2],
    ["09:00", 1],
  ]);
  expect(starts(-330)).toEqual([
    ["10:30", 1],
    ["09:30", 2],
  ]);
});

test("an address that makes no sense shows everything", () => {
  expect(readActivitySearch({ show: "weather", function: " " })).toEqual({});
  expect(readActivitySearch({ show: "tasks", function: "drill" })).toEqual({
    show: "tasks",
    function: "drill",
  });
});

test("breakers belong to no function, so the one filter ends the other", () => {
  expect(changed({ function: "drill" }, { show: "breakers" })).toEqual({ show: "breakers" });
  expect(changed({ show: "breakers" }, { function: "drill" })).toEqual({ function: "drill" });
  expect(changed({ show: "tasks", function: "drill" }, { function: undefined })).toEqual({ show: "tasks" });
});

test("an Event stands with its function, and one about none only where all functions are shown", () => {
  const event = {
    at: "2026-11-26T10:00:00Z",
    type: "Warning",
    reason: "Failed",
    message: "no image",
    count: 3,
  };
  const events = [
    { ...event, object: "Pod/atf-drill-1", function: "drill" },
    { ...event, object: "Function/gone", function: null },
    { ...event, object: "Pod/atf-drill-2", function: "drill", at: null },
  ];

  expect(ofCluster(events).map((one) => one.subject)).toEqual(["drill", ""]);
  expect(ofCluster(events, "drill").map((one) => one.text)).toEqual([
    "Pod/atf-drill-1: Failed (3 times), no image",
  ]);
});

test("an Event that repeats a scaling decision is its echo, one of Kubernetes' own is not", () => {
  const event = { at: null, type: "Normal", message: "", count: 1, function: "drill" };

  expect(isEcho({ ...event, object: "Function/drill", reason: "ScaledUp" })).toBe(true);
  expect(isEcho({ ...event, object: "Deployment/atf-drill", reason: "ScalingReplicaSet" })).toBe(false);
  expect(isEcho({ ...event, object: "Function/drill", reason: "BreakerOpen" })).toBe(false);
});
