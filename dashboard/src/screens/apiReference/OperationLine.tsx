import { ChevronRight } from "lucide-react";
import { useState } from "react";
import type { Operation } from "@/model/apiReference";
import { Chip, type Tone } from "@/ui/Chip";
import { OperationDetail } from "./OperationDetail";
import css from "./OperationLine.module.css";

const TONES: Readonly<Record<string, Tone>> = {
  GET: "pending",
  POST: "completed",
  DELETE: "dlq",
};

/** One operation, and all about it once it is opened. */
export function OperationLine({ operation }: { operation: Operation }) {
  const [isOpen, setOpen] = useState(false);
  const { method, path, summary, role } = operation;
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary className={css.summary} data-row>
        <ChevronRight size={15} aria-hidden="true" className={css.arrow} />
        <span className={css.method}>
          <Chip tone={TONES[method] ?? "scheduled"}>{method}</Chip>
        </span>
        <code className={css.path}>{path}</code>
        <span className={css.words}>{summary}</span>
        {role && <span className={css.role}>{role}</span>}
      </summary>
      {isOpen && <OperationDetail operation={operation} />}
    </details>
  );
}
