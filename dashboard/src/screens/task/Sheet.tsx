import { useEffect, useRef, useState } from "react";
import type { Size } from "@/model/paper";
import { drawPage } from "@/pdf/draw";
import type { PdfDocument } from "@/pdf/types";
import css from "./PageImage.module.css";
import { useWidth } from "./useWidth";

interface Props {
  document: PdfDocument;
  number: number;
  label: string;
  density: number;
  maxPixels: number;
  onSize: (size: Size) => void;
}

type State = "drawing" | "drawn" | "failed";

/** One page on a canvas that is as wide as its place. */
export function Sheet({ document, number, label, density, maxPixels, onSize }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const width = useWidth(canvas);
  const [state, setState] = useState<State>("drawing");

  useEffect(() => {
    if (!canvas.current || !width) return;
    return drawPage(
      document,
      number,
      canvas.current,
      { width, density, maxPixels },
      { onSize, onEnd: (isDrawn) => setState(isDrawn ? "drawn" : "failed") },
    );
  }, [document, number, width, density, maxPixels, onSize]);

  return (
    <>
      <canvas ref={canvas} role="img" aria-label={label} data-state={state} className={css.canvas} />
      {state === "failed" && <span className={css.failed}>No image of this page</span>}
    </>
  );
}
