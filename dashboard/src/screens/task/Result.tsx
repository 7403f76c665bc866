import { useState } from "react";
import { counted } from "@/format/numbers";
import {
  type Article,
  type EditionPage,
  type EditionResult,
  readEdition,
  readSummary,
} from "@/model/results";
import { Card } from "@/ui/Card";
import { CopyButton } from "@/ui/CopyButton";
import { JsonView } from "@/ui/JsonView";
import { Segments } from "@/ui/Segments";
import css from "./Result.module.css";

const VIEWS = [
  { value: "read", label: "Read" },
  { value: "json", label: "JSON" },
] as const;

/** A result as people read it, where it is of a known kind; as JSON otherwise, and on request. */
export function Result({ output }: { output: unknown }) {
  const [view, setView] = useState<"read" | "json">("read");
  const summary = readSummary(output);
  const edition = readEdition(output);
  const isKnown = summary !== null || edition !== null;
  return (
    <Card
      title="Result"
      hint={summary?.facts ?? edition?.facts}
      actions={isKnown && <Segments label="View" choices={VIEWS} value={view} onChange={setView} />}
    >
      {isKnown && view === "read" ? (
        <>
          {summary && <Summary text={summary.summary} />}
          {edition && <Edition edition={edition} />}
        </>
      ) : (
        <JsonView value={output} label="result" />
      )}
    </Card>
  );
}

function Summary({ text }: { text: string }) {
  return (
    <div className={css.summary}>
      <p>{text}</p>
      <CopyButton text={text} label="Copy the summary" />
    </div>
  );
}

function Edition({ edition }: { edition: EditionResult }) {
  const articles = edition.pages.reduce((sum, page) => sum + page.articles.length, 0);
  return (
    <div className={css.edition}>
      <p className="soft">
        {edition.filename}: {counted(edition.pages.length, "page")}, {counted(articles, "article")}
      </p>
      {edition.pages.map((page) => (
        <Page key={page.number} page={page} />
      ))}
    </div>
  );
}

function Page({ page }: { page: EditionPage }) {
  return (
    <section className={css.page} aria-label={`Page ${page.number}`}>
      <h3>Page {page.number}</h3>
      {page.reason && <p className="soft">{page.reason}</p>}
      <div className={css.columns}>
        {page.articles.map((article) => (
          <ArticleView key={article.title + article.body.slice(0, 40)} article={article} />
        ))}
      </div>
    </section>
  );
}

function ArticleView({ article }: { article: Article }) {
  return (
    <article className={css.article}>
      <h4>{article.title || "Continued"}</h4>
      {article.subtitle && <p className={css.subtitle}>{article.subtitle}</p>}
      {article.author && <p className={css.author}>{article.author}</p>}
      <p>{article.summary || article.body}</p>
      {article.summary && article.summary !== article.body && (
        <details>
          <summary>Whole article</summary>
          {article.body.split(/\n{2,}/).map((paragraph) => (
            <p key={paragraph.slice(0, 60)}>{paragraph}</p>
          ))}
        </details>
      )}
      {article.topics.length > 0 && <p className={css.topics}>{article.topics.join(" · ")}</p>}
    </article>
  );
}
