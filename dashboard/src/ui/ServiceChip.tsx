import type { components } from "@schema";
import { Sparkles } from "lucide-react";
import { Chip, type Tone } from "./Chip";

export type Service = components["schemas"]["OpenRouterStatus"];

const LOOKS: Readonly<Record<string, { tone: Tone; word: string }>> = {
  active: { tone: "completed", word: "active" },
  api_key_missing: { tone: "cancelled", word: "offline provider" },
  api_key_invalid: { tone: "dlq", word: "API key invalid" },
  credits_exhausted: { tone: "dlq", word: "credits exhausted" },
  rate_limited: { tone: "scheduled", word: "rate limited" },
  service_unavailable: { tone: "failed", word: "unavailable" },
  error: { tone: "failed", word: "check failed" },
};

export function ServiceChip({ service }: { service: Service }) {
  const { tone, word } = LOOKS[service.status] ?? { tone: "cancelled", word: service.status };
  const credits =
    service.balance === null || service.balance === undefined ? "" : `, $${service.balance.toFixed(2)}`;
  return (
    <Chip tone={tone} icon={<Sparkles size={13} aria-hidden="true" />}>
      LLM: {word}
      {credits}
    </Chip>
  );
}
