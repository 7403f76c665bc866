import { Link } from "@tanstack/react-router";
import { Trash2 } from "lucide-react";
import { useState } from "react";
import { useFunction } from "@/api/queries";
import type { ListedFunction } from "@/api/types";
import { count } from "@/format/numbers";
import { duration } from "@/format/times";
import type { Target } from "@/model/bulk";
import { type Retention, retentionOf } from "@/model/retention";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import controls from "@/ui/controls.module.css";
import { StateChip } from "@/ui/StateChip";
import table from "@/ui/table.module.css";
import { useCan } from "@/ui/useCan";

const DAY_MS = 86_400_000;
const AGES = [
  { label: "of any age", ms: 0 },
  { label: "older than 1 hour", ms: DAY_MS / 24 },
  { label: "older than 1 day", ms: DAY_MS },
  { label: "older than 7 days", ms: 7 * DAY_MS },
] as const;

interface Props {
  found: ListedFunction;
  purge: (target: Target) => void;
}

/** The ended tasks of one function. */
export function Stored({ found, purge }: Props) {
  const { data } = useFunction(found.name);
  const [ageMs, setAge] = useState<number>(DAY_MS);
  const can = useCan("admin");
  const age = can && (
    <select
      aria-label={`Age of tasks of ${found.name}`}
      className={controls.control}
      value={ageMs}
      onChange={(event) => setAge(Number(event.target.value))}
    >
      {AGES.map((one) => (
        <option key={one.ms} value={one.ms}>
          Purge {one.label}
        </option>
      ))}
    </select>
  );
  return (
    <Card title={found.name} actions={age} flush>
      <table className={table.table}>
        <thead>
          <tr>
            <th scope="col">State</th>
            <th scope="col" className={table.right}>
              Stored
            </th>
            <th scope="col" className={table.right}>
              Kept for
            </th>
            <th scope="col" className={`${table.right} ${table.wide}`}>
              At most
            </th>
            {can && (
              <th scope="col">
                <span className="visually-hidden">Purge</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {retentionOf(data?.spec ?? {}).map((kept) => (
            <Row key={kept.state} found={found} kept={kept}>
              {can && (
                <td className={table.right}>
                  <Button
                    look="danger"
                    icon={<Trash2 size={14} aria-hidden="true" />}
                    aria-label={`Purge ${kept.state} of ${found.name}`}
                    disabled={!found.depths.states[kept.state]}
                    onClick={() => purge(targetOf(found.name, kept.state, ageMs))}
                  >
                    Purge
                  </Button>
                </td>
              )}
            </Row>
          ))}
        </tbody>
      </table>
    </Card>
  );
}

function targetOf(name: string, state: Retention["state"], ageMs: number): Target {
  const until = ageMs ? new Date(Date.now() - ageMs).toISOString() : undefined;
  return { search: { function: name, state }, until };
}

interface RowProps {
  found: ListedFunction;
  kept: Retention;
  children: React.ReactNode;
}

function Row({ found, kept, children }: RowProps) {
  return (
    <tr>
      <td>
        <StateChip state={kept.state} />
      </td>
      <td className={`${table.right} number`}>
        <Link to="/tasks" search={{ function: found.name, state: kept.state }} data-row>
          {count(found.depths.states[kept.state] ?? 0)}
        </Link>
      </td>
      <td className={`${table.right} ${table.nowrap} number`}>
        {kept.seconds ? duration(kept.seconds) : "–"}
      </td>
      <td className={`${table.right} ${table.wide} number`}>{kept.limit ? count(kept.limit) : "no limit"}</td>
      {children}
    </tr>
  );
}
