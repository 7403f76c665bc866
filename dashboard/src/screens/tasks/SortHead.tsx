import { ArrowDown, ArrowUp } from "lucide-react";
import type { TaskSearch } from "@/model/taskSearch";
import table from "@/ui/table.module.css";
import css from "./TaskTable.module.css";

interface SortProps {
  label: string;
  by: NonNullable<TaskSearch["sort"]>;
  search: TaskSearch;
  change: (changes: TaskSearch) => void;
  isWide?: boolean;
}

/** Newest first, then oldest first, then as the index has them. */
export function SortHead({ label, by, search, change, isWide }: SortProps) {
  const order = search.sort === by ? (search.order ?? "desc") : undefined;
  const next: TaskSearch =
    order === undefined
      ? { sort: by, order: "desc" }
      : order === "desc"
        ? { sort: by, order: "asc" }
        : { sort: undefined, order: undefined };
  const sorting = order === undefined ? "none" : order === "asc" ? "ascending" : "descending";
  return (
    <th scope="col" aria-sort={sorting} className={isWide ? table.wide : ""}>
      <button type="button" className={css.sort} onClick={() => change(next)}>
        {label}
        {order === "desc" && <ArrowDown size={12} aria-hidden="true" />}
        {order === "asc" && <ArrowUp size={12} aria-hidden="true" />}
      </button>
    </th>
  );
}
