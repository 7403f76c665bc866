import { Link, useParams } from "@tanstack/react-router";
import { ListTodo, Pause, Play, Send } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { usePause } from "@/api/mutations";
import { useEachDependency, useFunction } from "@/api/queries";
import type { FunctionDetail } from "@/api/types";
import { BreakerChip } from "@/ui/BreakerChip";
import { Button, buttonClass } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { Chip } from "@/ui/Chip";
import { JsonView } from "@/ui/JsonView";
import { LimiterChip } from "@/ui/LimiterChip";
import layout from "@/ui/layout.module.css";
import { PageHead } from "@/ui/PageHead";
import { Loading, QueryView } from "@/ui/QueryView";
import { complain, notify } from "@/ui/Toaster";
import { useCan } from "@/ui/useCan";
import { WorkerTable } from "@/ui/WorkerTable";
import { Cluster } from "./Cluster";
import { FunctionTiles } from "./FunctionTiles";
import { Scaling } from "./Scaling";

const Charts = lazy(() => import("../overview/Charts").then((module) => ({ default: module.Charts })));
const SendTask = lazy(() => import("./SendTask").then((module) => ({ default: module.SendTask })));

export function FunctionScreen() {
  const { name } = useParams({ from: "/functions/$name" });
  const query = useFunction(name);
  return (
    <div className={layout.page}>
      <QueryView query={query} lines={10}>
        {(found) => <Detail found={found} />}
      </QueryView>
    </div>
  );
}

function Detail({ found }: { found: FunctionDetail }) {
  return (
    <>
      <PageHead
        title={found.name}
        above={<Link to="/functions">Functions</Link>}
        lead={
          <>
            {found.paused && (
              <Chip tone="scheduled" icon={<Pause size={12} aria-hidden="true" />}>
                Paused
              </Chip>
            )}
            <span>{found.description}</span>
            <Dependencies names={found.dependencies} />
          </>
        }
        actions={<Actions found={found} />}
      />
      <FunctionTiles found={found} />
      <Scaling found={found} />
      <Cluster name={found.name} />
      <Suspense fallback={<Loading lines={6} />}>
        <Charts name={found.name} />
      </Suspense>
      <Card title="Workers" flush>
        <WorkerTable workers={found.workers} />
      </Card>
      <div className={layout.halves}>
        <Card title="Manifest" hint="as it is registered">
          <JsonView value={found.spec} label="manifest" />
        </Card>
        <Card
          title="Input schema"
          hint={
            found.input_checked ? "inputs are checked before they are queued" : found.input_unchecked_reason
          }
        >
          <JsonView value={found.input_schema} label="input schema" />
        </Card>
      </div>
    </>
  );
}

function Dependencies({ names }: { names: readonly string[] }) {
  const found = useEachDependency(names);
  return found.map(
    ({ data }) =>
      data && (
        <Link key={data.name} to="/dependencies">
          <BreakerChip name={data.name} breaker={data.breaker} /> <LimiterChip limiter={data.limiter} />
        </Link>
      ),
  );
}

function Actions({ found }: { found: FunctionDetail }) {
  const can = useCan("write");
  const canPause = useCan("admin");
  const pause = usePause(found.name);
  const [isSending, setSending] = useState(false);
  const toggle = () =>
    pause.mutate(!found.paused, {
      onSuccess: () =>
        notify(found.paused ? "Tasks are handed out again." : "Nothing is handed out any more."),
      onError: complain,
    });
  return (
    <>
      <Link to="/tasks" search={{ function: found.name }} className={buttonClass()}>
        <ListTodo size={14} aria-hidden="true" />
        Tasks
      </Link>
      {canPause && (
        <Button
          icon={found.paused ? <Play size={14} aria-hidden="true" /> : <Pause size={14} aria-hidden="true" />}
          disabled={pause.isPending}
          onClick={toggle}
        >
          {found.paused ? "Resume" : "Pause"}
        </Button>
      )}
      {can && (
        <Button look="primary" icon={<Send size={14} aria-hidden="true" />} onClick={() => setSending(true)}>
          Send a task
        </Button>
      )}
      {isSending && (
        <Suspense fallback={null}>
          <SendTask found={found} onClose={() => setSending(false)} />
        </Suspense>
      )}
    </>
  );
}
