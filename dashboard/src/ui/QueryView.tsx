import type { UseQueryResult } from "@tanstack/react-query";
import { CloudOff, Inbox, RotateCw, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { ApiError } from "@/api/problem";
import { clock } from "@/format/times";
import { usePreferences } from "@/preferences/preferences";
import { Button } from "./Button";
import css from "./QueryView.module.css";

interface Props<Data> {
  query: UseQueryResult<Data>;
  children: (data: Data) => ReactNode;
  /** What stands there when the data is there and holds nothing. */
  empty?: ReactNode;
  isEmpty?: (data: Data) => boolean;
  /** Lines of the placeholder while nothing is known. */
  lines?: number;
  /** A way out where trying again would end the same. */
  help?: ReactNode;
}

/** The four states of every view: loading, empty, error, and data that may be stale. */
export function QueryView<Data>({ query, children, empty, isEmpty, lines = 3, help }: Props<Data>) {
  if (query.data === undefined) {
    return query.isError ? (
      <Failure error={query.error} retry={query.refetch} help={help} />
    ) : (
      <Loading lines={lines} />
    );
  }
  return (
    <>
      {query.isError && <Stale since={query.dataUpdatedAt} error={query.error} retry={query.refetch} />}
      {empty && isEmpty?.(query.data) ? empty : children(query.data)}
    </>
  );
}

export function Loading({ lines = 3 }: { lines?: number }) {
  return (
    <div className={css.loading} role="status">
      <span className="visually-hidden">Loading</span>
      {Array.from({ length: lines }, (_, line) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the lines are all the same and never move
        <div key={line} className={css.line} />
      ))}
    </div>
  );
}

interface FailureProps {
  error: Error;
  retry?: () => unknown;
  help?: ReactNode;
}

export function Failure({ error, retry, help }: FailureProps) {
  const title = error instanceof ApiError ? error.title : "This went wrong";
  return (
    <div className={css.notice} role="alert">
      <TriangleAlert size={22} aria-hidden="true" className={css.bad} />
      <strong>{title}</strong>
      <p className="soft">{error.message}</p>
      {retry && (
        <Button icon={<RotateCw size={14} />} onClick={() => retry()}>
          Try again
        </Button>
      )}
      {help}
    </div>
  );
}

function Stale({ since, error, retry }: { since: number; error: Error; retry: () => unknown }) {
  const { zone } = usePreferences();
  return (
    <div className={css.stale} role="status">
      <CloudOff size={15} aria-hidden="true" />
      <span>
        As of {clock(since, zone)}. {error.message}
      </span>
      <Button look="quiet" onClick={() => retry()}>
        Try again
      </Button>
    </div>
  );
}

export function Empty({ title, children, icon }: { title: string; children?: ReactNode; icon?: ReactNode }) {
  return (
    <div className={css.notice}>
      <span className={css.faint}>{icon ?? <Inbox size={22} aria-hidden="true" />}</span>
      <strong>{title}</strong>
      {children && <div className="soft">{children}</div>}
    </div>
  );
}
