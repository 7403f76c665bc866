import type { DlqGroup } from "@/api/types";
import type { TaskSearch } from "./taskSearch";

/** One function's groups, as the API orders them, and how many tasks are in groups that it left out. */
export interface FunctionGroups {
  name: string;
  count: number;
  more: number;
  groups: readonly DlqGroup[];
}

/** By function, the one with the most dead letters first. */
export function byFunction(
  groups: readonly DlqGroup[],
  leftOut: Readonly<Record<string, number>>,
): FunctionGroups[] {
  const names = [...new Set(groups.map((group) => group.function))];
  const found = names.map((name) => {
    const own = groups.filter((group) => group.function === name);
    const more = leftOut[name] ?? 0;
    return { name, more, groups: own, count: own.reduce((sum, group) => sum + group.count, more) };
  });
  return found.sort((one, other) => other.count - one.count || one.name.localeCompare(other.name));
}

/** What filters take for this group. */
export function errorOf({ error_class, fingerprint }: Pick<DlqGroup, "error_class" | "fingerprint">): string {
  return fingerprint ? `${error_class}/${fingerprint}` : error_class;
}

export function searchOf(group: DlqGroup): TaskSearch {
  return { function: group.function, state: "DLQ", error: errorOf(group) };
}

/** Tasks without a fingerprint have only their class in common: that filter finds others of the class too. */
export function standsForMore(group: DlqGroup, all: FunctionGroups): boolean {
  const others = all.groups.filter((one) => one !== group && one.error_class === group.error_class);
  return !group.fingerprint && (others.length > 0 || all.more > 0);
}

/** Words with a digit, and what stands in quotes: mostly what differs within a group. */
const VARYING = /(\S*\d\S*|"[^"\n]*"|(?<!\w)'[^'\n]*')/;

/** A message cut into what the group's messages have in common and what varies; every other part varies. */
export function messageParts(message: string): string[] {
  return message.split(VARYING);
}
