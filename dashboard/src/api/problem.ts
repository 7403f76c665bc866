import type { FieldError, Problem } from "./types";

const UNREACHABLE = "unreachable";

/** An answer of the API that is an error, or no answer at all (`status` 0). */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly fields: readonly FieldError[];

  constructor(given: { status: number; code: string; title: string; detail: string; fields?: FieldError[] }) {
    super(given.detail || given.title);
    this.name = "ApiError";
    this.status = given.status;
    this.code = given.code;
    this.title = given.title;
    this.fields = given.fields ?? [];
  }

  get isUnreachable(): boolean {
    return this.code === UNREACHABLE;
  }
}

export function unreachable(cause: unknown): ApiError {
  if (cause instanceof ApiError) return cause;
  const detail = "The API does not answer. This page tries again by itself.";
  return new ApiError({ status: 0, code: UNREACHABLE, title: "No connection", detail });
}

/** Reads RFC 9457 problems; whatever a proxy in between says becomes one too. */
export async function readProblem(response: Response): Promise<ApiError> {
  const text = await response.text().catch(() => "");
  const problem = parse(text);
  return new ApiError({
    status: response.status,
    code: problem?.code ?? `http_${response.status}`,
    title: problem?.title ?? `HTTP ${response.status}`,
    detail: problem?.detail ?? "",
    fields: problem?.errors ?? undefined,
  });
}

function parse(text: string): Partial<Problem> | null {
  try {
    const found: unknown = JSON.parse(text);
    return typeof found === "object" && found !== null ? (found as Partial<Problem>) : null;
  } catch {
    return null;
  }
}
