import { Link } from "@tanstack/react-router";
import { Boxes, Container, Hash, type LucideIcon, PlugZap, Scaling } from "lucide-react";
import { memo } from "react";
import { hour } from "@/format/times";
import { byHour, type Happening } from "@/model/activity";
import { usePreferences } from "@/preferences/preferences";
import { StateChip } from "@/ui/StateChip";
import { Time } from "@/ui/Time";
import css from "./Hours.module.css";

const ICONS: Readonly<Record<Happening["kind"], LucideIcon>> = {
  task: Hash,
  function: Boxes,
  scaling: Scaling,
  breaker: PlugZap,
  cluster: Container,
};

/** What happened, under the hours in which it did. */
export function Hours({ happenings }: { happenings: readonly Happening[] }) {
  const { zone } = usePreferences();
  const hours = byHour(
    happenings,
    zone === "utc" ? undefined : (ms: number) => new Date(ms).getTimezoneOffset(),
  );
  return hours.map(({ startMs, happenings: those }) => {
    const title = hour(startMs, zone);
    return (
      <section key={startMs} aria-label={title}>
        <h2 className={css.hour}>{title}</h2>
        <ol>
          {those.map((one) => (
            <Line key={one.id} happening={one} />
          ))}
        </ol>
      </section>
    );
  });
}

/** What has happened does not change any more: the same id is the same line. */
const Line = memo(PlainLine, (one, other) => one.happening.id === other.happening.id);

function Subject({ happening: { kind, subject } }: { happening: Happening }) {
  if (!subject) return null;
  if (kind === "breaker") return <Link to="/dependencies">{subject}</Link>;
  return (
    <Link to="/functions/$name" params={{ name: subject }}>
      {subject}
    </Link>
  );
}

function PlainLine({ happening }: { happening: Happening }) {
  const Icon = ICONS[happening.kind];
  return (
    <li className={css.line}>
      <Icon size={15} aria-hidden="true" className={css.icon} />
      <span className={css.subject}>
        <Subject happening={happening} />
      </span>
      <span className={css.text}>
        {happening.state && <StateChip state={happening.state} />}
        <span>{happening.text}</span>
        {happening.taskId && (
          <Link to="/tasks/$task_id" params={{ task_id: happening.taskId }} data-row>
            <code>…{happening.taskId.slice(-12)}</code>
          </Link>
        )}
      </span>
      <span className={css.at}>
        <Time at={happening.at} />
      </span>
    </li>
  );
}
