import { PLACES, type Place } from "./navigation";

/** What a key means: pure, so that it can be tested without a page. */
export type Shortcut =
  | { do: "palette" | "help" | "search" | "next-row" | "previous-row" | "await-letter" | "nothing" }
  | { do: "go"; to: Place["to"] };

interface Pressed {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
}

const PLAIN: Readonly<Record<string, Exclude<Shortcut["do"], "go">>> = {
  "?": "help",
  "/": "search",
  j: "next-row",
  k: "previous-row",
  g: "await-letter",
};

/**
 * Args:
 *   isTyping: the focus is where letters are text.
 *   afterG: the last key was `g`, a moment ago.
 */
export function shortcutOf(
  pressed: Pressed,
  { isTyping, afterG }: { isTyping: boolean; afterG: boolean },
): Shortcut {
  const key = pressed.key.toLowerCase();
  if ((pressed.ctrlKey || pressed.metaKey) && key === "k") return { do: "palette" };
  if (isTyping || pressed.ctrlKey || pressed.metaKey || pressed.altKey) return { do: "nothing" };
  if (afterG) {
    const place = PLACES.find((one) => one.letter === key);
    return place ? { do: "go", to: place.to } : { do: "nothing" };
  }
  return { do: PLAIN[key] ?? "nothing" };
}

/** The row to go to from `current` (-1: none) when there are `rows`. */
export function nextRow(current: number, step: 1 | -1, rows: number): number {
  if (rows === 0) return -1;
  return Math.min(rows - 1, Math.max(0, current + step));
}
