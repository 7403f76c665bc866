import { Link } from "@tanstack/react-router";
import { PartyPopper, RotateCcw, Trash2 } from "lucide-react";
import { useState } from "react";
import { useDeadLetters } from "@/api/queries";
import type { DlqGroup } from "@/api/types";
import { count, counted } from "@/format/numbers";
import type { BulkAct, Target } from "@/model/bulk";
import { BulkDialog } from "@/ui/BulkDialog";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import layout from "@/ui/layout.module.css";
import { PageHead } from "@/ui/PageHead";
import { Empty, QueryView } from "@/ui/QueryView";
import { useCan } from "@/ui/useCan";
import css from "./DeadLettersScreen.module.css";

/** Tasks that wait for a person, by function and by what went wrong. */
export function DeadLettersScreen() {
  const query = useDeadLetters();
  const [asked, setAsked] = useState<{ act: BulkAct; target: Target } | null>(null);
  return (
    <div className={layout.page}>
      <PageHead
        title="Dead letters"
        lead={<span className="number">{query.data ? counted(query.data.total, "task") : " "}</span>}
      />
      <QueryView
        query={query}
        lines={6}
        isEmpty={(found) => found.groups.length === 0}
        empty={
          <Card>
            <Empty title="No task waits for a person" icon={<PartyPopper size={22} aria-hidden="true" />}>
              Tasks come here when their retries are used up, or when trying again makes no sense.
            </Empty>
          </Card>
        }
      >
        {(found) => (
          <ul className={layout.stack}>
            {found.groups.map((group) => (
              <li key={`${group.function} ${group.error_class}`}>
                <Group group={group} act={(act) => setAsked({ act, target: targetOf(group) })} />
              </li>
            ))}
          </ul>
        )}
      </QueryView>
      {asked && <BulkDialog {...asked} onClose={() => setAsked(null)} />}
    </div>
  );
}

function searchOf(group: DlqGroup) {
  return { function: group.function, state: "DLQ" as const, error: group.error_class };
}

function targetOf(group: DlqGroup): Target {
  return { search: searchOf(group) };
}

function Group({ group, act }: { group: DlqGroup; act: (act: BulkAct) => void }) {
  const can = useCan("admin");
  return (
    <Card>
      <div className={css.group}>
        <div className={css.words}>
          <h2>
            <Link to="/tasks" search={searchOf(group)} data-row>
              <b className="number">{count(group.count)}</b> {group.function} <code>{group.error_class}</code>
            </Link>
          </h2>
          {group.last_error && <pre className={css.error}>{group.last_error}</pre>}
          <p className={css.newest}>
            Newest:
            {group.newest.map((id) => (
              <Link key={id} to="/tasks/$task_id" params={{ task_id: id }} title={id}>
                <code>…{id.slice(-12)}</code>
              </Link>
            ))}
          </p>
        </div>
        {can && (
          <div className={css.actions}>
            <Button
              look="primary"
              icon={<RotateCcw size={14} aria-hidden="true" />}
              onClick={() => act("redrive")}
            >
              Redrive
            </Button>
            <Button
              look="danger"
              icon={<Trash2 size={14} aria-hidden="true" />}
              onClick={() => act("delete")}
            >
              Delete
            </Button>
          </div>
        )}
      </div>
    </Card>
  );
}
