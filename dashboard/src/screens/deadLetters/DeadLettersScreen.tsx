import { Link } from "@tanstack/react-router";
import { PartyPopper } from "lucide-react";
import { useId, useState } from "react";
import { useDeadLetters } from "@/api/queries";
import { counted } from "@/format/numbers";
import type { BulkAct, Target } from "@/model/bulk";
import { byFunction, errorOf, type FunctionGroups, searchOf, standsForMore } from "@/model/deadLetters";
import { BulkDialog } from "@/ui/BulkDialog";
import { Card } from "@/ui/Card";
import layout from "@/ui/layout.module.css";
import { PageHead } from "@/ui/PageHead";
import { Empty, QueryView } from "@/ui/QueryView";
import css from "./DeadLettersScreen.module.css";
import { Group } from "./Group";

interface Asked {
  act: BulkAct;
  target: Target;
}

/** Tasks that wait for a person, by function and by what went wrong. */
export function DeadLettersScreen() {
  const query = useDeadLetters();
  const [asked, setAsked] = useState<Asked | null>(null);
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
        {(found) =>
          byFunction(found.groups, found.left_out).map((one) => (
            <OfFunction key={one.name} all={one} ask={setAsked} />
          ))
        }
      </QueryView>
      {asked && <BulkDialog {...asked} onClose={() => setAsked(null)} />}
    </div>
  );
}

function OfFunction({ all, ask }: { all: FunctionGroups; ask: (asked: Asked) => void }) {
  const id = useId();
  return (
    <section aria-labelledby={id} className={css.ofFunction}>
      <div className={css.head}>
        <h2 id={id}>
          <Link to="/functions/$name" params={{ name: all.name }}>
            {all.name}
          </Link>
        </h2>
        <span className="soft number">{counted(all.count, "task")}</span>
      </div>
      <ul className={layout.stack}>
        {all.groups.map((group) => (
          <li key={errorOf(group)}>
            <Group
              group={group}
              isVague={standsForMore(group, all)}
              act={(act) => ask({ act, target: { search: searchOf(group) } })}
            />
          </li>
        ))}
      </ul>
      {all.more > 0 && (
        <Link to="/tasks" search={{ function: all.name, state: "DLQ" }}>
          and {counted(all.more, "task")} in other groups
        </Link>
      )}
    </section>
  );
}
