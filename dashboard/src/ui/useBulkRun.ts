import { useEffect, useRef, useState } from "react";
import { useBulk } from "@/api/mutations";
import type { BulkAction, BulkOutcome } from "@/api/types";
import { type BulkAct, carriedOut, dryRun, summed, type Target } from "@/model/bulk";

/** A dry run at once, and the action itself when it is started: call after call until nothing is left. */
export function useBulkRun(act: BulkAct, target: Target) {
  const [asked] = useState<BulkAction>(() => dryRun(act, target, Date.now()));
  const [dry, setDry] = useState<BulkOutcome | null>(null);
  const [outcome, setOutcome] = useState<BulkOutcome | null>(null);
  const [isRunning, setRunning] = useState(false);
  const isOpen = useRef(true);
  const { mutateAsync, error } = useBulk();

  useEffect(() => {
    isOpen.current = true;
    mutateAsync(asked).then(setDry, () => undefined);
    return () => {
      isOpen.current = false;
    };
  }, [asked, mutateAsync]);

  const start = async (rate: number) => {
    setRunning(true);
    let sum: BulkOutcome | null = null;
    try {
      do {
        sum = summed(sum, await mutateAsync(carriedOut(asked, dry?.confirm_token ?? "", rate)));
        setOutcome(sum);
      } while (sum.more && isOpen.current);
    } catch {
      // Shown from the mutation's own state, beside what was done before.
    } finally {
      setRunning(false);
    }
  };
  return { asked, dry, outcome, isRunning, error, start };
}
