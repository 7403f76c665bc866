import { GlobalWorkerOptions, getDocument, VerbosityLevel } from "pdfjs-dist/legacy/build/pdf.mjs";
import worker from "pdfjs-dist/legacy/build/pdf.worker.min.mjs?url";
import type { OpenPdf } from "./types";

/** An image inside a PDF that has more is left out; a broadsheet at 600 dpi has 130 million. */
const IMAGE_MAX_PIXELS = 150_000_000;

GlobalWorkerOptions.workerSrc = worker;

/**
 * Opens a PDF in a worker. The only module that knows pdf.js, so that it is loaded with a newspaper and never before.
 * The older build runs wherever the rest of the dashboard does. Nothing of it needs `eval` or WebAssembly.
 */
export function openPdf(bytes: Uint8Array<ArrayBuffer>): OpenPdf {
  const task = getDocument({
    data: bytes,
    standardFontDataUrl: `${__PDFJS_FILES__}standard_fonts/`,
    cMapUrl: `${__PDFJS_FILES__}cmaps/`,
    wasmUrl: `${__PDFJS_FILES__}wasm/`,
    useSystemFonts: false, // a page looks the same on every machine
    useWasm: false,
    useWorkerFetch: false,
    isEvalSupported: false,
    maxImageSize: IMAGE_MAX_PIXELS,
    verbosity: VerbosityLevel.ERRORS,
  });
  return { document: task.promise, close: () => void task.destroy() };
}
