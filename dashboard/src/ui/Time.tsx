import { absolute, relative } from "@/format/times";
import { usePreferences } from "@/preferences/preferences";
import { useNow } from "./clock";

/** How long ago, with the exact time at hand. */
export function Time({ at }: { at: string | null | undefined }) {
  const { zone } = usePreferences();
  const nowMs = useNow();
  if (!at) return <span className="soft">–</span>;
  return (
    <time dateTime={at} title={absolute(at, zone)} className="number">
      {relative(at, nowMs)}
    </time>
  );
}

/** The exact time. */
export function Moment({ at }: { at: string | null | undefined }) {
  const { zone } = usePreferences();
  if (!at) return <span className="soft">–</span>;
  return (
    <time dateTime={at} className="number">
      {absolute(at, zone)}
    </time>
  );
}
