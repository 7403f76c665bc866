import type { ReactNode } from "react";
import css from "./Chip.module.css";

export type Tone = "pending" | "active" | "scheduled" | "completed" | "failed" | "dlq" | "cancelled";

/** A small labelled mark; colour never says what the icon and the words do not. */
export function Chip({ tone, icon, children }: { tone: Tone; icon?: ReactNode; children: ReactNode }) {
  return (
    <span className={`${css.chip} ${css[tone]}`}>
      {icon}
      {children}
    </span>
  );
}
