import { expect, test } from "vitest";
import { readPreferences } from "./preferences";

const DEFAULTS = { theme: "system", zone: "local", density: "comfortable" };

test.each([null, "", "no json", "[]", "null", '{"theme":"pink"}'])("%s reads as the defaults", (text) => {
  expect(readPreferences(text)).toEqual(DEFAULTS);
});

test("what was chosen is kept", () => {
  expect(readPreferences('{"theme":"dark","zone":"utc"}')).toEqual({
    ...DEFAULTS,
    theme: "dark",
    zone: "utc",
  });
});
