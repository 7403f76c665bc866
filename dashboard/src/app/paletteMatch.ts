const TASK_ID = /^[a-z0-9][a-z0-9-]*-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** The task id that was pasted, if it is one. */
export function taskIdIn(text: string): string | null {
  const trimmed = text.trim().toLowerCase();
  return TASK_ID.test(trimmed) ? trimmed : null;
}

/** Entries whose label has all letters of the text in order; those that begin with it come first. */
export function matching<Entry extends { label: string }>(entries: readonly Entry[], text: string): Entry[] {
  const wanted = text.trim().toLowerCase();
  return entries
    .map((entry) => ({ entry, rank: rankOf(entry.label.toLowerCase(), wanted) }))
    .filter(({ rank }) => rank >= 0)
    .sort((one, other) => one.rank - other.rank)
    .map(({ entry }) => entry);
}

/** 0: begins with it, 1: contains it, 2: has its letters in order, -1: has not. */
function rankOf(label: string, wanted: string): number {
  if (label.startsWith(wanted)) return 0;
  if (label.includes(wanted)) return 1;
  let from = 0;
  for (const letter of wanted) {
    from = label.indexOf(letter, from) + 1;
    if (from === 0) return -1;
  }
  return 2;
}
