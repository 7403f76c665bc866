const SHOWN = ["tasks", "scaling", "breakers", "cluster"] as const;
export type Shown = (typeof SHOWN)[number];

/** Everything that decides what Activity shows; it lives in the address and nowhere else. */
export interface ActivitySearch {
  /** Absent: everything. */
  show?: Shown;
  /** Absent: of every function. */
  function?: string;
}

/** Reads an address; what it does not understand it leaves out, and never fails. */
export function readActivitySearch(given: Record<string, unknown>): ActivitySearch {
  const show = SHOWN.find((one) => one === given.show);
  const name = typeof given.function === "number" ? String(given.function) : given.function;
  return {
    ...(show && { show }),
    ...(typeof name === "string" && name.trim() !== "" && { function: name.trim() }),
  };
}

/** The changed filters; breakers belong to no function. */
export function changed(search: ActivitySearch, changes: ActivitySearch): ActivitySearch {
  const next = { ...search, ...changes };
  if (changes.show === "breakers") next.function = undefined;
  if (changes.function && next.show === "breakers") next.show = undefined;
  return readActivitySearch({ ...next });
}
