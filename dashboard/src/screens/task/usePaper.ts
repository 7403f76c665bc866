import { useEffect, useState } from "react";
import { ApiError } from "@/api/problem";
import { useTaskUpload } from "@/api/queries";
import type { TaskDetail } from "@/api/types";
import { decodeBase64, pdfSource, USUAL_ASPECT } from "@/model/paper";
import type { OpenPdf, PdfDocument } from "@/pdf/types";

/** The PDF behind a newspaper's result. `aspect` is that of its first page, as soon as it is known. */
export type Paper =
  | { state: "loading"; aspect: number }
  | { state: "open"; aspect: number; document: PdfDocument }
  | { state: "without"; reason: string };

const LOADING: Paper = { state: "loading", aspect: USUAL_ASPECT };
const UNREADABLE: Paper = {
  state: "without",
  reason: "No images of the pages: the PDF cannot be read.",
};

/** Fetches and opens the PDF that a task is about, and closes it when nobody shows it any more. */
export function usePaper(task: TaskDetail): Paper {
  const source = pdfSource(task.input);
  const inline = source?.kind === "inline" ? source.base64 : "";
  const upload = useTaskUpload(task.task_id, source?.kind === "upload" ? source.field : "");
  const [paper, setPaper] = useState(LOADING);
  const file = upload.data;

  useEffect(() => {
    if (!file && !inline) return;
    let isLeft = false;
    let pdf: OpenPdf | null = null;
    const open = async (): Promise<Paper> => {
      const [{ openPdf }, bytes] = await Promise.all([import("@/pdf/open"), bytesOf(file, inline)]);
      if (isLeft) return LOADING;
      pdf = openPdf(bytes);
      const document = await pdf.document;
      const { width, height } = (await document.getPage(1)).getViewport({ scale: 1 });
      return { state: "open", aspect: width / height, document };
    };
    const tell = (found: Paper) => {
      if (!isLeft) setPaper(found);
    };
    open().then(tell, () => tell(UNREADABLE));
    return () => {
      isLeft = true;
      pdf?.close();
      setPaper(LOADING);
    };
  }, [file, inline]);

  if (!source) return { state: "without", reason: "" };
  if (upload.isError) return { state: "without", reason: whyNot(upload.error) };
  return paper;
}

async function bytesOf(file: Blob | undefined, inline: string): Promise<Uint8Array<ArrayBuffer>> {
  return file ? new Uint8Array(await file.arrayBuffer()) : decodeBase64(inline);
}

function whyNot(error: Error): string {
  const title = error instanceof ApiError ? error.title : "it cannot be fetched";
  return `No images of the pages. ${title}: ${error.message}`;
}
