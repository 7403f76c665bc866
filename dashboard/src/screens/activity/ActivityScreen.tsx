import { useNavigate, useSearch } from "@tanstack/react-router";
import { ChevronDown, Pause, Play } from "lucide-react";
import { type Happening, happeningsOf } from "@/model/activity";
import { type ActivitySearch, changed } from "@/model/activitySearch";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import layout from "@/ui/layout.module.css";
import { PageHead } from "@/ui/PageHead";
import { Empty, QueryView } from "@/ui/QueryView";
import { ActivityFilters } from "./ActivityFilters";
import css from "./ActivityScreen.module.css";
import { Hours } from "./Hours";
import { useActivityLog } from "./useActivityLog";
import { useOthers, worstOf } from "./useOthers";

/** What happened lately, and goes on happening; the address holds the filters. */
export function ActivityScreen() {
  const search = useSearch({ from: "/activity" });
  return <Activity key={search.function ?? ""} search={search} />;
}

function Activity({ search }: { search: ActivitySearch }) {
  const navigate = useNavigate({ from: "/activity" });
  const activity = useActivityLog(search.function ?? "");
  const others = useOthers(search);
  const { log, heldMs } = activity;
  const happenings = happeningsOf(log, others.happenings, { search, heldMs });
  const hasTransitions = !search.show || search.show === "tasks";
  return (
    <div className={layout.page}>
      <PageHead
        title="Activity"
        lead="What happened lately, and what happens now."
        actions={
          <>
            <ActivityFilters
              search={search}
              change={(changes) => navigate({ search: changed(search, changes) })}
            />
            <Button
              icon={
                heldMs === null ? (
                  <Pause size={14} aria-hidden="true" />
                ) : (
                  <Play size={14} aria-hidden="true" />
                )
              }
              onClick={() => (heldMs === null ? activity.hold(newestMs(happenings)) : activity.goOn())}
            >
              {heldMs === null ? "Hold" : "Go on"}
            </Button>
          </>
        }
      />
      <Card flush>
        <QueryView
          query={hasTransitions ? activity.first : (worstOf(others.queries) ?? activity.first)}
          lines={12}
        >
          {() => (happenings.length === 0 ? <Nothing search={search} /> : <Hours happenings={happenings} />)}
        </QueryView>
        {hasTransitions && log.cursor && <Older activity={activity} />}
      </Card>
    </div>
  );
}

/** The moment up to which a list shows what happened. */
function newestMs([newest]: readonly Happening[]): number {
  return newest ? Date.parse(newest.at) : Number.NEGATIVE_INFINITY;
}

function Older({ activity: { older, readOlder } }: { activity: ReturnType<typeof useActivityLog> }) {
  return (
    <div className={css.end}>
      {older.isError && <span role="alert">{older.error.message}</span>}
      <Button
        icon={<ChevronDown size={15} aria-hidden="true" />}
        aria-busy={older.isPending}
        onClick={() => readOlder()}
      >
        Older
      </Button>
    </div>
  );
}

function Nothing({ search }: { search: ActivitySearch }) {
  const navigate = useNavigate({ from: "/activity" });
  if (!search.show && !search.function) return <Empty title="Nothing has happened yet" />;
  return (
    <Empty title="Nothing of that has happened lately">
      <Button onClick={() => navigate({ search: {} })}>Show everything</Button>
    </Empty>
  );
}
