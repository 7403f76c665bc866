const FIRST_MS = 500;
const LONGEST_MS = 15_000;

/** How long to wait before trying again: doubling, with jitter so that not all tabs come at once. */
export function backoffMs(failures: number, random: number, askedMs = FIRST_MS): number {
  const base = Math.min(LONGEST_MS, askedMs * 2 ** Math.min(failures, 10));
  return Math.round(base * (0.5 + random / 2));
}
