/** Words that choose among what a page lists; they live in the address. */
export interface WordSearch {
  q?: string;
}

/** Reads an address; what it does not understand it leaves out, and never fails. */
export function readWordSearch(given: Record<string, unknown>): WordSearch {
  const text = typeof given.q === "number" ? String(given.q) : given.q;
  return typeof text === "string" && text.trim() !== "" ? { q: text } : {};
}

/** Whether every word of the text is somewhere in a line, whatever its case; no word is in all. */
export function hasWords(line: string, text: string): boolean {
  const lower = line.toLowerCase();
  return text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => lower.includes(word));
}
