/** From which PDF the pages of a newspaper can be shown, and how many pixels an image of a page may have. */

export type PdfSource = { kind: "upload"; field: string } | { kind: "inline"; base64: string };

export interface Size {
  width: number;
  height: number;
}

/** Width by height of a page that nobody has seen yet: A4, and close to a newspaper's. */
export const USUAL_ASPECT = 1 / Math.SQRT2;
const REFERENCE = /_ref$/;

function fields(input: unknown): Record<string, unknown> {
  return typeof input === "object" && input !== null ? (input as Record<string, unknown>) : {};
}

/** The fields of an input that name an upload, as the API reads them. */
export function namedUploads(input: unknown): string[] {
  return Object.entries(fields(input))
    .filter(([name, value]) => REFERENCE.test(name) && typeof value === "string")
    .map(([name]) => name);
}

export function pdfSource(input: unknown): PdfSource | null {
  if (namedUploads(input).includes("pdf_ref")) return { kind: "upload", field: "pdf_ref" };
  const base64 = fields(input).pdf_base64;
  return typeof base64 === "string" ? { kind: "inline", base64 } : null;
}

/** Under which name an upload is saved. */
export function savedName(input: unknown, field: string): string {
  const name = fields(input).filename;
  return typeof name === "string" && name ? name : field.replace(REFERENCE, "");
}

/** The bytes that the text stands for; throws if it is no base 64. */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}

export interface Sharpness {
  /** Of the image on the screen, in CSS pixels. */
  width: number;
  /** Pixels of the image for each CSS pixel. */
  density: number;
  /** Each takes four bytes. */
  maxPixels: number;
}

/** By how much a page is enlarged: as sharp as the screen is, within the bound. */
export function scaleOf(page: Size, { width, density, maxPixels }: Sharpness): number {
  const wanted = (width * density) / page.width;
  return Math.min(wanted, Math.sqrt(maxPixels / (page.width * page.height)));
}
