import { Gauge } from "lucide-react";
import type { Limiter } from "@/api/types";
import { count } from "@/format/numbers";
import { Chip } from "./Chip";

/** How many calls may pass at once now; nothing where none are limited. */
export function LimiterChip({ limiter }: { limiter: Limiter }) {
  if (!limiter.limited) return null;
  return (
    <Chip tone={limiter.waiting ? "scheduled" : "cancelled"} icon={<Gauge size={13} aria-hidden="true" />}>
      {count(Math.floor(limiter.tokens))} of {count(limiter.capacity)} tokens
    </Chip>
  );
}
