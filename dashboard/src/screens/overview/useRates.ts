import { useEffect, useRef, useState } from "react";
import { useBatches } from "@/live/LiveProvider";
import { type Edge, RateWindow } from "@/live/rates";

const EVERY_MS = 1000;

/** Transitions a second along each edge of the state graph, over the last ten seconds. */
export function useRates(): Partial<Record<Edge, number>> {
  const seen = useRef(new RateWindow());
  const [rates, setRates] = useState<Partial<Record<Edge, number>>>({});
  useBatches((batch) => seen.current.add(batch.transitions, performance.now()));
  useEffect(() => {
    const timer = setInterval(() => {
      const next = seen.current.perSecond(performance.now());
      setRates((before) => (Object.keys(before).length + Object.keys(next).length === 0 ? before : next));
    }, EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  return rates;
}
