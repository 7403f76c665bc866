import { useNavigate } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { nextRow, type Shortcut, shortcutOf } from "./shortcuts";

const LETTER_WITHIN_MS = 1200;
const TEXT = "input, textarea, select, [contenteditable]";

function focusRow(step: 1 | -1): void {
  const rows = [...document.querySelectorAll<HTMLElement>("[data-row]")];
  const current = rows.indexOf(document.activeElement as HTMLElement);
  rows[nextRow(current, step, rows.length)]?.focus();
}

/** Listens for the keys of the whole page; what opens something is told to the shell. */
export function useShortcuts(open: (what: "palette" | "help") => void): void {
  const navigate = useNavigate();
  const gAtMs = useRef(Number.NEGATIVE_INFINITY);

  useEffect(() => {
    const act = (shortcut: Shortcut): boolean => {
      switch (shortcut.do) {
        case "palette":
        case "help":
          open(shortcut.do);
          return true;
        case "go":
          void navigate({ to: shortcut.to });
          return true;
        case "search": {
          const field = document.querySelector<HTMLElement>("[data-search]");
          if (field) field.focus();
          else open("palette");
          return true;
        }
        case "next-row":
        case "previous-row":
          focusRow(shortcut.do === "next-row" ? 1 : -1);
          return true;
        default:
          return false;
      }
    };
    const onKey = (event: KeyboardEvent) => {
      const target = event.target;
      const isTyping = target instanceof Element && target.closest(TEXT) !== null;
      if (document.querySelector("dialog[open]")) return;
      const afterG = performance.now() - gAtMs.current < LETTER_WITHIN_MS;
      const shortcut = shortcutOf(event, { isTyping, afterG });
      gAtMs.current = shortcut.do === "await-letter" ? performance.now() : Number.NEGATIVE_INFINITY;
      if (act(shortcut)) event.preventDefault();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [navigate, open]);
}
