import type { Transition } from "@/api/types";
import type { ServerEvent } from "./parse";

/** The transition that an event tells of, unless it is about the stream itself. */
export function readTransition(event: ServerEvent): Transition | null {
  if (event.event !== "task" && event.event !== "function") return null;
  try {
    return JSON.parse(event.data) as Transition;
  } catch {
    return null;
  }
}
