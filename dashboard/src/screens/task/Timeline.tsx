import type { TaskDetail } from "@/api/types";
import { clock, duration } from "@/format/times";
import { LABELS } from "@/model/states";
import { type Span, timeline } from "@/model/timeline";
import { usePreferences } from "@/preferences/preferences";
import { Card } from "@/ui/Card";
import { useNow } from "@/ui/clock";
import { StateIcon, toneOf } from "@/ui/StateChip";
import css from "./Timeline.module.css";

/** The task's life: how long it waited and ran, and what went wrong on the way. */
export function Timeline({ task }: { task: TaskDetail }) {
  const spans = timeline(task, useNow());
  const total = spans.reduce((sum, span) => sum + span.seconds, 0);
  return (
    <Card title="Timeline" hint={`${duration(total)} in all`}>
      <div className={css.bar} aria-hidden="true">
        {spans
          .filter((span) => span.seconds > 0)
          .map((span) => (
            <i
              key={span.from + span.state}
              data-tone={toneOf(span.state)}
              style={{ flexGrow: span.seconds / total }}
            />
          ))}
      </div>
      <ol className={css.steps}>
        {spans.map((span) => (
          <Step key={span.from + span.state} span={span} />
        ))}
      </ol>
    </Card>
  );
}

function Step({ span }: { span: Span }) {
  const { zone } = usePreferences();
  const isOver = span.to === null && span.seconds === 0;
  return (
    <li className={css.step} data-tone={toneOf(span.state)}>
      <span className={css.mark}>
        <StateIcon state={span.state} />
      </span>
      <div className={css.words}>
        <strong>{LABELS[span.state]}</strong>
        {span.attempt !== null && <span className="soft"> attempt {span.attempt}</span>}
        {!isOver && <span className={css.length}>{duration(span.seconds)}</span>}
        {span.failure && <Failed span={span} />}
      </div>
      <time dateTime={span.from} className={`${css.at} number`}>
        {clock(span.from, zone)}
      </time>
    </li>
  );
}

function Failed({ span: { failure } }: { span: Span }) {
  if (!failure) return null;
  return (
    <div className={css.failure}>
      <code>{failure.error_type}</code> in attempt {failure.attempt}
      {failure.worker_id && <span className="soft"> on {failure.worker_id}</span>}
      <pre>{failure.error}</pre>
    </div>
  );
}
