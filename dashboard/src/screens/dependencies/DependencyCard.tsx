import { useBreakerAct } from "@/api/mutations";
import { useDependency } from "@/api/queries";
import type { Breaker, BreakerTransition, Dependency, Limiter } from "@/api/types";
import { count, percent } from "@/format/numbers";
import { BreakerChip } from "@/ui/BreakerChip";
import { Card } from "@/ui/Card";
import { Facts } from "@/ui/Facts";
import { Segments } from "@/ui/Segments";
import { Time } from "@/ui/Time";
import { complain, notify } from "@/ui/Toaster";
import { useCan } from "@/ui/useCan";
import { CallDays } from "./CallDays";
import css from "./DependencyCard.module.css";

const SWITCH = [
  { value: "close", label: "Always closed" },
  { value: "reset", label: "Automatic" },
  { value: "open", label: "Always open" },
] as const;
type Act = (typeof SWITCH)[number]["value"];
const ACT_OF: Readonly<Record<string, Act>> = { ForceClosed: "close", ForceOpen: "open", Auto: "reset" };
const DONE: Readonly<Record<Act, string>> = {
  close: "Every call goes through.",
  reset: "How calls end decides again.",
  open: "No call goes through.",
};

export function DependencyCard({ dependency }: { dependency: Dependency }) {
  const { name, breaker, limiter } = dependency;
  const { data } = useDependency(name);
  return (
    <Card
      title={name}
      hint={<BreakerChip breaker={breaker} />}
      actions={<Switch name={name} breaker={breaker} />}
    >
      <div className={css.parts}>
        <section>
          <h3>Breaker</h3>
          <Facts
            facts={[
              ["Since", <Time key="since" at={breaker.since} />],
              ["Calls in the window", count(breaker.calls)],
              ["Of them failed", `${count(breaker.failures)} (${percent(breaker.failure_ratio)})`],
              ["Next probe", <Time key="next" at={breaker.next_attempt_at} />],
            ]}
          />
        </section>
        <section>
          <h3>Rate limit</h3>
          <Bucket limiter={limiter} />
        </section>
        <section>
          <h3>History of the breaker</h3>
          <Transitions transitions={data?.transitions ?? []} name={name} />
        </section>
      </div>
      <section className={css.days}>
        <h3>Calls by day</h3>
        <CallDays days={data?.days ?? []} />
      </section>
    </Card>
  );
}

function Switch({ name, breaker }: { name: string; breaker: Breaker }) {
  const can = useCan("admin");
  const { mutate } = useBreakerAct(name);
  if (!can) return null;
  const act = (what: Act) => mutate(what, { onSuccess: () => notify(DONE[what]), onError: complain });
  return (
    <Segments
      label={`Breaker of ${name}`}
      choices={SWITCH}
      value={ACT_OF[breaker.override] ?? "reset"}
      onChange={act}
    />
  );
}

function Bucket({ limiter }: { limiter: Limiter }) {
  if (!limiter.limited) return <p className="soft">No limit is set, and none was reported.</p>;
  return (
    <>
      <meter
        className={css.bucket}
        min={0}
        max={limiter.capacity}
        value={Math.max(0, limiter.tokens)}
        aria-label="Tokens left"
      />
      <Facts
        facts={[
          ["Tokens", `${limiter.tokens.toFixed(1)} of ${count(limiter.capacity)}`],
          ["Refill", `${count(limiter.requests)} every ${limiter.interval_seconds} s`],
          ["Waiting calls", count(limiter.waiting)],
          ["Throttled ever", `${count(limiter.throttled)} of ${count(limiter.grants + limiter.throttled)}`],
          ["Set by", limiter.source],
        ]}
      />
    </>
  );
}

function Transitions({ name, transitions }: { name: string; transitions: readonly BreakerTransition[] }) {
  if (transitions.length === 0) return <p className="soft">It has never changed.</p>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <ol className={css.history} tabIndex={0} aria-label={`Transitions of ${name}, newest first`}>
      {transitions.map((one) => (
        <li key={one.at}>
          <span>
            {one.from.replace("_", " ")} → <b>{one.to.replace("_", " ")}</b>
          </span>
          <Time at={one.at} />
          <span className="soft">{one.reason}</span>
        </li>
      ))}
    </ol>
  );
}
