import { useState } from "react";
import type { TaskDetail } from "@/api/types";
import { readEdition, readSummary } from "@/model/results";
import { Card } from "@/ui/Card";
import { CopyButton } from "@/ui/CopyButton";
import { JsonView } from "@/ui/JsonView";
import { Segments } from "@/ui/Segments";
import { Edition } from "./Edition";
import css from "./Result.module.css";

const VIEWS = [
  { value: "read", label: "Read" },
  { value: "json", label: "JSON" },
] as const;

/** A result as people read it, where it is of a known kind; as JSON otherwise, and on request. */
export function Result({ task }: { task: TaskDetail }) {
  const output = task.output;
  const [view, setView] = useState<"read" | "json">("read");
  const summary = readSummary(output);
  const edition = readEdition(output);
  const isKnown = summary !== null || edition !== null;
  return (
    <Card
      title="Result"
      hint={summary?.facts ?? edition?.facts}
      actions={isKnown && <Segments label="View" choices={VIEWS} value={view} onChange={setView} />}
    >
      {isKnown && view === "read" ? (
        <>
          {summary && <Summary text={summary.summary} />}
          {edition && <Edition task={task} edition={edition} />}
        </>
      ) : (
        <JsonView value={output} label="result" />
      )}
    </Card>
  );
}

function Summary({ text }: { text: string }) {
  return (
    <div className={css.summary}>
      <p>{text}</p>
      <CopyButton text={text} label="Copy the summary" />
    </div>
  );
}
