import type { PDFPageProxy, RenderTask } from "pdfjs-dist";
import { type Sharpness, type Size, scaleOf } from "@/model/paper";
import type { PdfDocument } from "./types";

interface Told {
  /** The page's size, before anything is drawn. */
  onSize: (size: Size) => void;
  onEnd: (isDrawn: boolean) => void;
}

/** Draws a page on a canvas; returns what stops that and frees the canvas's memory. */
export function drawPage(
  document: PdfDocument,
  number: number,
  canvas: HTMLCanvasElement,
  sharpness: Sharpness,
  told: Told,
): () => void {
  let page: PDFPageProxy | null = null;
  let task: RenderTask | null = null;
  let isStopped = false;

  const draw = async () => {
    page = await document.getPage(number);
    if (isStopped) return;
    const size = page.getViewport({ scale: 1 });
    told.onSize(size);
    const viewport = page.getViewport({ scale: scaleOf(size, sharpness) });
    canvas.width = Math.max(1, Math.floor(viewport.width));
    canvas.height = Math.max(1, Math.floor(viewport.height));
    task = page.render({ canvas, viewport });
    await task.promise;
  };
  const end = (isDrawn: boolean) => {
    if (!isStopped) told.onEnd(isDrawn);
  };
  draw().then(
    () => end(true),
    () => end(false),
  );
  return () => {
    isStopped = true;
    task?.cancel();
    canvas.width = 0;
    canvas.height = 0;
    page?.cleanup();
  };
}
