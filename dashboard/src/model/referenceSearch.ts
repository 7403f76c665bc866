/** What decides what the reference shows; it lives in the address. */
export interface ReferenceSearch {
  q?: string;
}

/** Reads an address; what it does not understand it leaves out, and never fails. */
export function readReferenceSearch(given: Record<string, unknown>): ReferenceSearch {
  const text = typeof given.q === "number" ? String(given.q) : given.q;
  return typeof text === "string" && text.trim() !== "" ? { q: text } : {};
}
