import { Ban, RotateCcw, Trash2 } from "lucide-react";
import { useState } from "react";
import { count, counted } from "@/format/numbers";
import { type BulkAct, refusal, type Target } from "@/model/bulk";
import { filterCount, type TaskSearch } from "@/model/taskSearch";
import { BulkDialog } from "@/ui/BulkDialog";
import { Button } from "@/ui/Button";
import { useCan } from "@/ui/useCan";
import css from "./BulkBar.module.css";

const ACTS = [
  { act: "retry", label: "Retry", icon: <RotateCcw size={14} aria-hidden="true" /> },
  { act: "cancel", label: "Cancel", icon: <Ban size={14} aria-hidden="true" /> },
  { act: "delete", label: "Delete", icon: <Trash2 size={14} aria-hidden="true" /> },
] as const;

interface Props {
  chosen: ReadonlySet<string>;
  search: TaskSearch;
  matching: number;
  done: () => void;
}

/** Acts on the chosen tasks, or on all that match the filters, once a dry run has said what that means. */
export function BulkBar({ chosen, search, matching, done }: Props) {
  const can = useCan("admin");
  const [asked, setAsked] = useState<{ act: BulkAct; target: Target } | null>(null);
  const isChosen = chosen.size > 0;
  const isIdle = !isChosen && (filterCount(search) === 0 || matching === 0);
  // What was begun goes on, although by then nothing may match any more.
  if (!can || (isIdle && !asked)) return null;
  const target: Target = isChosen ? { ids: [...chosen] } : { search };
  return (
    <section className={css.bar} aria-label="Bulk actions">
      <span>{isChosen ? `${counted(chosen.size, "task")} chosen` : `All ${count(matching)} that match`}</span>
      <div className={css.acts}>
        {ACTS.map(({ act, label, icon }) => {
          const why = isChosen ? "" : refusal(act, search);
          return (
            <Button
              key={act}
              icon={icon}
              look={act === "delete" ? "danger" : "plain"}
              disabled={why !== ""}
              title={why || undefined}
              onClick={() => setAsked({ act, target })}
            >
              {label}
            </Button>
          );
        })}
        {isChosen && (
          <Button look="quiet" onClick={done}>
            Choose none
          </Button>
        )}
      </div>
      {!isChosen && !search.function && <span className="soft">{refusal("delete", search)}</span>}
      {asked && (
        <BulkDialog
          act={asked.act}
          target={asked.target}
          onClose={() => {
            setAsked(null);
            done();
          }}
        />
      )}
    </section>
  );
}
