import { Link } from "@tanstack/react-router";
import { RotateCcw, Trash2 } from "lucide-react";
import type { DlqGroup } from "@/api/types";
import { count, counted } from "@/format/numbers";
import type { BulkAct } from "@/model/bulk";
import { messageParts, searchOf } from "@/model/deadLetters";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { Time } from "@/ui/Time";
import { useCan } from "@/ui/useCan";
import css from "./DeadLettersScreen.module.css";

interface Props {
  group: DlqGroup;
  /** The filter for this group finds other tasks too, so nothing is offered that would change them. */
  isVague: boolean;
  act: (act: BulkAct) => void;
}

/** Dead letters that failed alike, and what can be done to all of them. */
export function Group({ group, isVague, act }: Props) {
  const can = useCan("admin");
  return (
    <Card>
      <div className={css.group}>
        <div className={css.words}>
          <h3>
            <Link to="/tasks" search={searchOf(group)} data-row>
              <b className="number">{count(group.count)}</b> <code>{group.error_class}</code>
            </Link>
          </h3>
          {group.last_error && <Message text={group.last_error} />}
          {isVague && (
            <p className={css.facts}>
              Dead-lettered before messages had fingerprints: choose among all of this class.
            </p>
          )}
          <Facts group={group} />
        </div>
        {can && !isVague && (
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

/** The newest message; what differs from task to task is quieter. */
function Message({ text }: { text: string }) {
  return (
    <pre className={css.error}>
      {messageParts(text).map((part, place) =>
        // biome-ignore lint/suspicious/noArrayIndexKey: the place is what a part is
        place % 2 ? <i key={place}>{part}</i> : part,
      )}
    </pre>
  );
}

function Facts({ group }: { group: DlqGroup }) {
  return (
    <p className={css.facts}>
      {group.first_at === group.last_at ? (
        <span>
          <Time at={group.last_at} />
        </span>
      ) : (
        <>
          <span>
            last <Time at={group.last_at} />
          </span>
          <span>
            first <Time at={group.first_at} />
          </span>
        </>
      )}
      {group.fingerprint && <code title="Fingerprint">{group.fingerprint}</code>}
      <span>newest:</span>
      {group.newest.map((id) => (
        <Link key={id} to="/tasks/$task_id" params={{ task_id: id }} title={id}>
          <code>…{id.slice(-12)}</code>
        </Link>
      ))}
      {group.count > group.newest.length && (
        <Link to="/tasks" search={searchOf(group)}>
          all {counted(group.count, "task")}
        </Link>
      )}
    </p>
  );
}
