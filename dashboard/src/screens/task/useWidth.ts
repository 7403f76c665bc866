import { type RefObject, useEffect, useState } from "react";

/** Widths that differ by less are the same: whoever drags a window's edge does not draw at every step. */
const STEP_PX = 32;

/** An element's width in CSS pixels, rounded up; 0 until it is known. */
export function useWidth(element: RefObject<Element | null>): number {
  const [width, setWidth] = useState(0);
  useEffect(() => {
    if (!element.current) return;
    const watcher = new ResizeObserver(([one]) => {
      if (one?.contentRect.width) setWidth(Math.ceil(one.contentRect.width / STEP_PX) * STEP_PX);
    });
    watcher.observe(element.current);
    return () => watcher.disconnect();
  }, [element]);
  return width;
}
