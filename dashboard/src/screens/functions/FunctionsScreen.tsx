import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { Pause } from "lucide-react";
import { useMemo, useState } from "react";
import { useFunctions, useWorkers } from "@/api/queries";
import type { ListedFunction, Worker } from "@/api/types";
import { count, counted } from "@/format/numbers";
import { duration } from "@/format/times";
import { hasWords, readWordSearch } from "@/model/wordSearch";
import { Button } from "@/ui/Button";
import { Chip } from "@/ui/Chip";
import { FilterField } from "@/ui/FilterField";
import layout from "@/ui/layout.module.css";
import { PageHead } from "@/ui/PageHead";
import { Empty, QueryView } from "@/ui/QueryView";
import css from "./FunctionsScreen.module.css";

const FEW = 6;
const AT_ONCE = 60;
const NONE: readonly never[] = [];

export function FunctionsScreen() {
  const { q = "" } = useSearch({ from: "/functions" });
  const navigate = useNavigate({ from: "/functions" });
  const functions = useFunctions();
  const all = functions.data ?? NONE;
  const found = useMemo(
    () => all.filter(({ name, description }) => hasWords(`${name} ${description}`, q)),
    [all, q],
  );
  const filter = (text: string) => navigate({ search: readWordSearch({ q: text }), replace: true });
  return (
    <div className={layout.page}>
      <PageHead title="Functions" lead={<Total shown={found.length} all={all.length} />} />
      {(all.length > FEW || q) && (
        <FilterField
          label="Filter functions"
          placeholder="Name, or a word of the description"
          text={q}
          change={filter}
        />
      )}
      <QueryView
        query={functions}
        lines={6}
        isEmpty={() => found.length === 0}
        empty={q ? <NoMatch clear={() => filter("")} /> : <NoFunction />}
      >
        {() => <Cards functions={found} />}
      </QueryView>
    </div>
  );
}

function Total({ shown, all }: { shown: number; all: number }) {
  const total = counted(all, "function");
  return (
    <span className="number" role="status">
      {shown === all ? total : `${count(shown)} of ${total}`}
    </span>
  );
}

function NoFunction() {
  return <Empty title="No function is registered yet">Apply a Function, or run the local stack.</Empty>;
}

function NoMatch({ clear }: { clear: () => void }) {
  return (
    <Empty title="No function matches">
      <Button onClick={clear}>Clear the filter</Button>
    </Empty>
  );
}

function Cards({ functions }: { functions: readonly ListedFunction[] }) {
  const { data: workers } = useWorkers();
  const workersOf = useMemo(() => byFunction(workers?.worker_details ?? NONE), [workers]);
  const [most, setMost] = useState(AT_ONCE);
  return (
    <>
      <ul className={css.cards}>
        {functions.slice(0, most).map((one) => (
          <li key={one.name}>
            <FunctionCard found={one} workers={workersOf.get(one.name) ?? NONE} />
          </li>
        ))}
      </ul>
      {functions.length > most && (
        <Button onClick={() => setMost(most + AT_ONCE)}>
          Show {Math.min(AT_ONCE, functions.length - most)} more of {count(functions.length - most)}
        </Button>
      )}
    </>
  );
}

function byFunction(workers: readonly Worker[]): Map<string, Worker[]> {
  const found = new Map<string, Worker[]>();
  for (const worker of workers) {
    const mine = found.get(worker.function);
    if (mine) mine.push(worker);
    else found.set(worker.function, [worker]);
  }
  return found;
}

interface CardProps {
  found: ListedFunction;
  workers: readonly Worker[];
}

function FunctionCard({ found, workers }: CardProps) {
  const { depths } = found;
  const healthy = workers.filter((worker) => worker.status === "healthy").length;
  return (
    <Link to="/functions/$name" params={{ name: found.name }} className={css.card} data-row>
      <span className={css.head}>
        <strong>{found.name}</strong>
        {found.paused && (
          <Chip tone="scheduled" icon={<Pause size={12} aria-hidden="true" />}>
            Paused
          </Chip>
        )}
      </span>
      <span className="soft">{found.description || "No description"}</span>
      <span className={css.numbers}>
        <Amount label="waiting" value={depths.states.PENDING} />
        <Amount label="running" value={depths.states.ACTIVE} />
        <Amount label="dead letters" value={depths.states.DLQ} isBad />
        <Amount label={`of ${found.max_replicas} workers`} value={healthy} />
      </span>
      <span className={css.why}>
        {depths.oldest_pending_seconds > 0 && `Oldest waits ${duration(depths.oldest_pending_seconds)}. `}
        {found.last_decision?.reason ?? "No scaling decision yet"}
      </span>
    </Link>
  );
}

function Amount({ label, value = 0, isBad = false }: { label: string; value?: number; isBad?: boolean }) {
  return (
    <span>
      <b className={isBad && value > 0 ? css.bad : ""}>{count(value)}</b> {label}
    </span>
  );
}
