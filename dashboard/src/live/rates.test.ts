import { expect, test } from "vitest";
import { edgeOf, RateWindow, WINDOW_MS } from "./rates";
import { transition } from "./sample";

test.each([
  [transition({ kind: "enqueued", old_state: null, new_state: "PENDING" }), "submitted>waiting"],
  [transition({ kind: "enqueued", old_state: null, new_state: "SCHEDULED" }), "submitted>scheduled"],
  [transition(), "waiting>running"],
  [transition({ attempt: 2 }), "retry>running"],
  [transition({ kind: "failed", old_state: "ACTIVE", new_state: "SCHEDULED" }), "running>scheduled"],
  [transition({ kind: "failed", old_state: "ACTIVE", new_state: "DLQ" }), "running>dead"],
  [transition({ kind: "promoted", old_state: "SCHEDULED", new_state: "PENDING" }), "scheduled>retry"],
  [transition({ kind: "redriven", old_state: "DLQ", new_state: "PENDING" }), "dead>retry"],
  [transition({ kind: "progress", old_state: "ACTIVE", new_state: "ACTIVE" }), null],
])("%o goes along %s", (one, edge) => {
  expect(edgeOf(one)).toBe(edge);
});

test("a rate is the mean of the last ten seconds and ends with them", () => {
  const rates = new RateWindow();
  rates.add([transition(), transition()], 0);
  rates.add([transition()], 5_000);

  expect(rates.perSecond(5_000)["waiting>running"]).toBeCloseTo(0.3);
  expect(rates.perSecond(WINDOW_MS + 1)["waiting>running"]).toBeCloseTo(0.1);
  expect(rates.perSecond(2 * WINDOW_MS)).toEqual({});
});
