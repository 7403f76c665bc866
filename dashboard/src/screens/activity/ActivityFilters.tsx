import { useClusterEvents, useFunctions } from "@/api/queries";
import type { ActivitySearch, Shown } from "@/model/activitySearch";
import controls from "@/ui/controls.module.css";
import { Segments } from "@/ui/Segments";

const SHOWN: readonly { value: Shown | "everything"; label: string }[] = [
  { value: "everything", label: "Everything" },
  { value: "tasks", label: "Tasks" },
  { value: "scaling", label: "Scaling" },
  { value: "breakers", label: "Breakers" },
  { value: "cluster", label: "Cluster" },
];

interface Props {
  search: ActivitySearch;
  change: (changes: ActivitySearch) => void;
}

export function ActivityFilters({ search, change }: Props) {
  const { data: functions = [] } = useFunctions();
  const { data: cluster } = useClusterEvents();
  const choices = SHOWN.filter(
    (one) => one.value !== "cluster" || cluster?.enabled || search.show === "cluster",
  );
  const names = functions.map((one) => one.name);
  // A function that is gone is still what the address asks for.
  if (search.function && !names.includes(search.function)) names.push(search.function);
  return (
    <>
      <Segments
        label="Show"
        choices={choices}
        value={search.show ?? "everything"}
        onChange={(show) => change({ show: show === "everything" ? undefined : show })}
      />
      <select
        aria-label="Function"
        className={controls.control}
        value={search.function ?? ""}
        onChange={(event) => change({ function: event.target.value || undefined })}
      >
        <option value="">Any function</option>
        {names.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </>
  );
}
