import { type RefObject, useEffect, useState } from "react";

/** How far off the screen something is still near: one screen, above and below. */
const NEAR = "100% 0px";

/** Whether an element is on the screen or close to it. */
export function useIsNear(element: RefObject<Element | null>): boolean {
  const [isNear, setIsNear] = useState(false);
  useEffect(() => {
    if (!element.current) return;
    const watcher = new IntersectionObserver((seen) => setIsNear(seen.some((one) => one.isIntersecting)), {
      rootMargin: NEAR,
    });
    watcher.observe(element.current);
    return () => watcher.disconnect();
  }, [element]);
  return isNear;
}
