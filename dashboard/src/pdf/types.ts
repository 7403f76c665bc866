/** What the screens know of pdf.js: types alone, which load nothing. */
import type { PDFDocumentProxy } from "pdfjs-dist";

export type PdfDocument = PDFDocumentProxy;

export interface OpenPdf {
  /** Rejected if the PDF is damaged or locked. */
  document: Promise<PdfDocument>;
  /** Ends its worker. */
  close: () => void;
}
