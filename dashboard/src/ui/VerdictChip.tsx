import { CircleCheck, CircleHelp, CircleX, type LucideIcon } from "lucide-react";
import type { Verdict } from "@/model/cluster";
import { Chip, type Tone } from "./Chip";

const LOOKS: Readonly<Record<Verdict, { tone: Tone; Icon: LucideIcon }>> = {
  good: { tone: "completed", Icon: CircleCheck },
  bad: { tone: "dlq", Icon: CircleX },
  unclear: { tone: "scheduled", Icon: CircleHelp },
};

export function VerdictChip({ verdict, children }: { verdict: Verdict; children: string }) {
  const { tone, Icon } = LOOKS[verdict];
  return (
    <Chip tone={tone} icon={<Icon size={13} aria-hidden="true" />}>
      {children}
    </Chip>
  );
}
