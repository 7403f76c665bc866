import { CircleOff, PlugZap, Timer } from "lucide-react";
import type { Breaker } from "@/api/types";
import { Chip, type Tone } from "./Chip";

const LOOKS: Readonly<Record<Breaker["state"], { tone: Tone; word: string; Icon: typeof PlugZap }>> = {
  closed: { tone: "completed", word: "closed", Icon: PlugZap },
  half_open: { tone: "scheduled", word: "half open", Icon: Timer },
  open: { tone: "dlq", word: "open", Icon: CircleOff },
};

export function BreakerChip({ breaker, name }: { breaker: Breaker; name?: string }) {
  const { tone, word, Icon } = LOOKS[breaker.state];
  const byHand = breaker.override === "Auto" ? "" : ", by hand";
  return (
    <Chip tone={tone} icon={<Icon size={13} aria-hidden="true" />}>
      {name ? `${name}: ` : ""}breaker {word}
      {byHand}
    </Chip>
  );
}
