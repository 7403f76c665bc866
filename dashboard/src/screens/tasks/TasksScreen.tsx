import { useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { type TaskQuery, useTaskPage } from "@/api/queries";
import type { TaskPage } from "@/api/types";
import { counted } from "@/format/numbers";
import { filterCount, narrowed, queryOf, type TaskSearch } from "@/model/taskSearch";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import layout from "@/ui/layout.module.css";
import { PageHead } from "@/ui/PageHead";
import { Empty, QueryView } from "@/ui/QueryView";
import { BulkBar } from "./BulkBar";
import { Filters } from "./Filters";
import { NewTasks } from "./NewTasks";
import { Pager } from "./Pager";
import { TaskTable } from "./TaskTable";

/** All tasks, searched and paged by the API; the address holds everything that decides what is shown. */
export function TasksScreen() {
  const search = useSearch({ from: "/tasks" });
  const navigate = useNavigate({ from: "/tasks" });
  const query = useQueryOf(search);
  const page = useTaskPage(query);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const change = (changes: TaskSearch) => navigate({ search: narrowed(search, changes) });
  // biome-ignore lint/correctness/useExhaustiveDependencies: another page has other tasks to choose from
  useEffect(() => setChosen(new Set()), [query]);

  return (
    <div className={layout.page}>
      <PageHead title="Tasks" lead={<Total page={page.data} />} />
      <Filters search={search} change={change} clear={() => navigate({ search: {} })} />
      <Card flush>
        <NewTasks page={page.data} isFirst={!search.cursor && !search.page} refresh={() => page.refetch()} />
        <QueryView
          query={page}
          lines={12}
          isEmpty={(found) => found.tasks.length === 0}
          empty={<Nothing />}
          help={
            search.sort && (
              <Button onClick={() => change({ sort: undefined, order: undefined })}>Newest first</Button>
            )
          }
        >
          {(found) => (
            <>
              <TaskTable page={found} search={search} change={change} chosen={chosen} choose={setChosen} />
              <Pager page={found} search={search} />
            </>
          )}
        </QueryView>
      </Card>
      <BulkBar
        chosen={chosen}
        search={search}
        matching={page.data?.total_items ?? 0}
        done={() => setChosen(new Set())}
      />
    </div>
  );
}

/** The same query object while the address is the same: a relative period does not move under the reader. */
function useQueryOf(search: TaskSearch): TaskQuery {
  const text = JSON.stringify(search);
  const [asked, setAsked] = useState({ text, query: queryOf(search, Date.now()) });
  if (asked.text === text) return asked.query;
  const next = { text, query: queryOf(search, Date.now()) };
  setAsked(next);
  return next.query;
}

function Total({ page }: { page: TaskPage | undefined }) {
  return <span className="number">{page ? counted(page.total_items, "task") : " "}</span>;
}

function Nothing() {
  const search = useSearch({ from: "/tasks" });
  const navigate = useNavigate({ from: "/tasks" });
  if (filterCount(search) === 0) {
    return <Empty title="There are no tasks yet">Send one from a function's page.</Empty>;
  }
  return (
    <Empty title="No task matches">
      <Button onClick={() => navigate({ search: {} })}>Clear the filters</Button>
    </Empty>
  );
}
