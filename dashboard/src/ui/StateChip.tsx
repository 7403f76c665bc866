import {
  Ban,
  CircleCheck,
  CircleDashed,
  CircleX,
  Clock,
  LoaderCircle,
  type LucideIcon,
  Skull,
} from "lucide-react";
import type { TaskState } from "@/api/types";
import { LABELS } from "@/model/states";
import { Chip, type Tone } from "./Chip";

const LOOKS: Readonly<Record<TaskState, { tone: Tone; Icon: LucideIcon }>> = {
  PENDING: { tone: "pending", Icon: CircleDashed },
  ACTIVE: { tone: "active", Icon: LoaderCircle },
  SCHEDULED: { tone: "scheduled", Icon: Clock },
  COMPLETED: { tone: "completed", Icon: CircleCheck },
  FAILED: { tone: "failed", Icon: CircleX },
  DLQ: { tone: "dlq", Icon: Skull },
  CANCELLED: { tone: "cancelled", Icon: Ban },
};

export function StateIcon({ state, size = 14 }: { state: TaskState; size?: number }) {
  const { Icon } = LOOKS[state];
  return <Icon size={size} aria-hidden="true" />;
}

export function StateChip({ state }: { state: TaskState }) {
  return (
    <Chip tone={LOOKS[state].tone} icon={<StateIcon state={state} size={13} />}>
      {LABELS[state]}
    </Chip>
  );
}

export const toneOf = (state: TaskState): Tone => LOOKS[state].tone;
