/** The two results that have a page of their own; everything else is shown as JSON. */

export interface SummaryResult {
  summary: string;
  facts: string;
}

export interface Article {
  title: string;
  subtitle: string;
  author: string;
  body: string;
  summary: string;
  topics: string[];
}

export interface EditionPage {
  number: number;
  reason: string;
  articles: Article[];
}

export interface EditionResult {
  filename: string;
  facts: string;
  pages: EditionPage[];
}

type Fields = Record<string, unknown>;

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function text(fields: Fields, name: string): string {
  const value = fields[name];
  return typeof value === "string" ? value : "";
}

function list(fields: Fields, name: string): unknown[] {
  const value = fields[name];
  return Array.isArray(value) ? value : [];
}

/** Who made it and how, in one line. */
function facts(fields: Fields): string {
  const made = [text(fields, "provider"), text(fields, "model")].filter(Boolean).join(", ");
  const language = text(fields, "language");
  return [made && `by ${made}`, language && `language ${language}`].filter(Boolean).join(" · ");
}

export function readSummary(output: unknown): SummaryResult | null {
  if (!isFields(output) || typeof output.summary !== "string") return null;
  return { summary: output.summary, facts: facts(output) };
}

export function readEdition(output: unknown): EditionResult | null {
  if (!isFields(output) || !Array.isArray(output.pages)) return null;
  const pages = output.pages.filter(isFields);
  if (!pages.some((page) => Array.isArray(page.articles))) return null;
  return { filename: text(output, "filename"), facts: facts(output), pages: pages.map(readPage) };
}

function readPage(page: Fields): EditionPage {
  return {
    number: typeof page.page_number === "number" ? page.page_number : 0,
    reason: text(page, "reason"),
    articles: list(page, "articles").filter(isFields).map(readArticle),
  };
}

function readArticle(article: Fields): Article {
  return {
    title: text(article, "title"),
    subtitle: text(article, "subtitle"),
    author: text(article, "author"),
    body: text(article, "body"),
    summary: text(article, "summary"),
    topics: list(article, "topics").filter((one) => typeof one === "string"),
  };
}
