import { readCredential } from "@/api/credential";
import type { TaskDetail } from "@/api/types";
import { lookups } from "@/model/commands";
import { Card } from "@/ui/Card";
import { CopyButton } from "@/ui/CopyButton";
import css from "./Lookups.module.css";

/** The same task from a shell. */
export function Lookups({ task }: { task: TaskDetail }) {
  return (
    <Card title="From a shell">
      <ul className={css.list}>
        {lookups(task, location.origin, readCredential() !== "").map((command) => (
          <li key={command.name}>
            <code>{command.text}</code>
            <CopyButton text={command.text} label={`Copy as ${command.name}`} />
          </li>
        ))}
      </ul>
    </Card>
  );
}
