import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { BulkOutcome } from "@/api/types";
import { count, counted } from "@/format/numbers";
import { type BulkAct, needsTyping, type Target } from "@/model/bulk";
import css from "./BulkDialog.module.css";
import { Button } from "./Button";
import controls from "./controls.module.css";
import { Dialog } from "./Dialog";
import { Failure, Loading } from "./QueryView";
import { useBulkRun } from "./useBulkRun";

const WORDS: Readonly<Record<BulkAct, { title: string; verb: string }>> = {
  retry: { title: "Retry tasks", verb: "Retry" },
  redrive: { title: "Redrive dead letters", verb: "Redrive" },
  cancel: { title: "Cancel tasks", verb: "Cancel" },
  delete: { title: "Delete tasks", verb: "Delete" },
};
/** Actions that queue tasks again, which a service may not stand all at once. */
const BACK: ReadonlySet<BulkAct> = new Set(["retry", "redrive"]);
const RATES = [0, 1, 10, 100] as const;

interface Props {
  act: BulkAct;
  target: Target;
  onClose: () => void;
}

/** Dry run, confirmation, and the action in as many calls as it takes; closing it stops after the present one. */
export function BulkDialog({ act, target, onClose }: Props) {
  const { asked, dry, outcome, isRunning, error, start } = useBulkRun(act, target);
  const [typed, setTyped] = useState("");
  const [rate, setRate] = useState(0);
  const { title, verb } = WORDS[act];
  const mayStart =
    dry !== null && dry.matched > 0 && (!needsTyping(dry.matched) || typed === String(dry.matched));
  const isAsking = dry !== null && outcome === null;
  return (
    <Dialog
      title={title}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{isAsking ? "Do nothing" : isRunning ? "Stop" : "Close"}</Button>
          {isAsking && (
            <Button look="primary" disabled={!mayStart || isRunning} onClick={() => start(rate)}>
              {`${verb} ${counted(dry.matched, "task")}`}
            </Button>
          )}
        </>
      }
    >
      <div className={css.body}>
        {error && <Failure error={error} />}
        {!dry && !error && <Loading />}
        {isAsking && (
          <>
            <Preview dry={dry} />
            {BACK.has(act) && <Rate rate={rate} choose={setRate} />}
            {needsTyping(dry.matched) && <Typed number={dry.matched} typed={typed} type={setTyped} />}
          </>
        )}
        {outcome && <Outcome outcome={outcome} total={dry?.matched ?? asked.limit} isRunning={isRunning} />}
      </div>
    </Dialog>
  );
}

function Typed({ number, typed, type }: { number: number; typed: string; type: (text: string) => void }) {
  return (
    <label className={css.typed}>
      These are many. Type {number} to go on.
      <input
        className={controls.control}
        inputMode="numeric"
        value={typed}
        onChange={(event) => type(event.target.value.trim())}
      />
    </label>
  );
}

function Preview({ dry }: { dry: BulkOutcome }) {
  if (dry.matched === 0) return <p>No task matches.</p>;
  const rest = dry.matched - dry.sample.length;
  return (
    <>
      <p>
        <strong>{counted(dry.matched, "task")}</strong> would be handled. Nothing has been changed yet.
      </p>
      <ul className={css.sample}>
        {dry.sample.map((id) => (
          <li key={id}>
            <Link to="/tasks/$task_id" params={{ task_id: id }}>
              <code>{id}</code>
            </Link>
          </li>
        ))}
        {rest > 0 && <li className="soft">and {count(rest)} more</li>}
      </ul>
    </>
  );
}

function Rate({ rate, choose }: { rate: number; choose: (rate: number) => void }) {
  return (
    <label className={css.rate}>
      Pace
      <select
        className={controls.control}
        value={rate}
        onChange={(event) => choose(Number(event.target.value))}
      >
        {RATES.map((one) => (
          <option key={one} value={one}>
            {one ? `${one} a second` : "As fast as it goes"}
          </option>
        ))}
      </select>
    </label>
  );
}

function Outcome({ outcome, total, isRunning }: { outcome: BulkOutcome; total: number; isRunning: boolean }) {
  const handled = Object.values(outcome.outcomes).reduce((sum, one) => sum + one, 0);
  return (
    <div role="status" className={css.outcome}>
      {isRunning && <progress max={total} value={handled} aria-label="Handled" />}
      <p>
        {Object.entries(outcome.outcomes)
          .map(([name, number]) => `${count(number)} ${name}`)
          .join(", ") || "Nothing was left to do"}
        {isRunning ? " so far." : "."}
      </p>
      <ul className={css.sample}>
        {outcome.errors.map((one) => (
          <li key={one.task_id}>
            <code>{one.task_id}</code> {one.detail}
          </li>
        ))}
      </ul>
    </div>
  );
}
