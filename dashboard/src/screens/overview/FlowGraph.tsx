import { Link } from "@tanstack/react-router";
import { Send } from "lucide-react";
import type { QueueStatus, TaskState } from "@/api/types";
import { count, perSecond } from "@/format/numbers";
import type { Edge } from "@/live/rates";
import { StateIcon } from "@/ui/StateChip";
import css from "./FlowGraph.module.css";
import { ARROWS, type Arrow, BOX, HEIGHT, PLACES, type Place, WIDTH } from "./graph";

type Rates = Partial<Record<Edge, number>>;

const STATE_OF: Readonly<Partial<Record<Place["id"], TaskState>>> = {
  waiting: "PENDING",
  retry: "PENDING",
  running: "ACTIVE",
  scheduled: "SCHEDULED",
  completed: "COMPLETED",
  failed: "FAILED",
  dead: "DLQ",
};

/** Where all tasks are and how fast they move; every place leads to its tasks. */
export function FlowGraph({ status, rates }: { status: QueueStatus; rates: Rates }) {
  return (
    <div className={css.graph} data-testid="flow">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} className={css.arrows} aria-hidden="true">
        <defs>
          <marker
            id="head"
            viewBox="0 0 8 8"
            refX="5"
            refY="4"
            markerWidth="5"
            markerHeight="5"
            orient="auto"
          >
            <path d="M0,0 L8,4 L0,8 z" className={css.head} />
          </marker>
        </defs>
        {ARROWS.filter((arrow) => !arrow.isRare || rates[arrow.edge]).map((arrow) => (
          <Arc key={arrow.edge} arrow={arrow} rate={rates[arrow.edge] ?? 0} />
        ))}
      </svg>
      <ul className={css.places}>
        {PLACES.map((place) => (
          <li
            key={place.id}
            style={{
              left: `${((place.x - BOX.width / 2) / WIDTH) * 100}%`,
              top: `${((place.y - BOX.height / 2) / HEIGHT) * 100}%`,
            }}
          >
            <Box place={place} status={status} rate={rates["submitted>waiting"] ?? 0} />
          </li>
        ))}
      </ul>
    </div>
  );
}

function Box({ place, status, rate }: { place: Place; status: QueueStatus; rate: number }) {
  const state = STATE_OF[place.id];
  const number = place.count(status);
  return (
    <Link to="/tasks" search={place.search} className={css.box} data-tone={place.tone}>
      <span className={css.label}>
        {state ? <StateIcon state={state} size={13} /> : <Send size={13} aria-hidden="true" />}
        {place.label}
      </span>
      <span className={css.count}>{number === null ? perSecond(rate) : count(number)}</span>
    </Link>
  );
}

/** Wider with the rate, by its magnitude. */
const widthOf = (rate: number): number => 1.5 + Math.min(3, Math.log10(1 + rate * 10));

function Arc({ arrow, rate }: { arrow: Arrow; rate: number }) {
  const flows = rate > 0;
  return (
    <g className={flows ? css.flowing : css.still}>
      <path
        d={arrow.path}
        strokeWidth={flows ? widthOf(rate) : 1.5}
        markerEnd="url(#head)"
        className={css.line}
      />
      {flows && <path d={arrow.path} strokeWidth={widthOf(rate)} className={css.pulse} />}
      {flows && (
        <text x={arrow.at.x} y={arrow.at.y} className={css.rate}>
          {perSecond(rate)}
        </text>
      )}
    </g>
  );
}
