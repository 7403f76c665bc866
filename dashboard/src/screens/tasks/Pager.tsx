import { useNavigate, useRouter, useRouterState } from "@tanstack/react-router";
import { ChevronLeft, ChevronRight, ChevronsLeft } from "lucide-react";
import type { TaskPage } from "@/api/types";
import type { TaskSearch } from "@/model/taskSearch";
import { Button } from "@/ui/Button";
import css from "./Pager.module.css";

declare module "@tanstack/react-router" {
  interface HistoryState {
    /** How many pages were turned to come here. */
    turned?: number;
  }
}

/** Cursors only go on; the way back is the browser's own history. */
export function Pager({ page, search }: { page: TaskPage; search: TaskSearch }) {
  const navigate = useNavigate({ from: "/tasks" });
  const router = useRouter();
  const turned = useRouterState({ select: (state) => state.location.state.turned ?? 0 });
  const next = nextOf(page, search);
  const isFirst = !search.cursor && !search.page;
  if (isFirst && !next) return null;
  return (
    <nav className={css.pager} aria-label="Pages">
      <Button
        icon={<ChevronsLeft size={15} aria-hidden="true" />}
        disabled={isFirst}
        onClick={() => navigate({ search: { ...search, cursor: undefined, page: undefined } })}
      >
        Newest
      </Button>
      <Button
        icon={<ChevronLeft size={15} aria-hidden="true" />}
        disabled={turned === 0}
        onClick={() => router.history.back()}
      >
        Previous
      </Button>
      <Button
        disabled={!next}
        onClick={() => next && navigate({ search: next, state: { turned: turned + 1 } })}
      >
        Next
        <ChevronRight size={15} aria-hidden="true" />
      </Button>
    </nav>
  );
}

/** Where the page goes on: by cursor in the index's own order, by number in another. */
function nextOf(page: TaskPage, search: TaskSearch): TaskSearch | null {
  if (page.next_cursor) return { ...search, cursor: page.next_cursor, page: undefined };
  if (!search.cursor && page.page < page.total_pages) return { ...search, page: page.page + 1 };
  return null;
}
