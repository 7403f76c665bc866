import type { TaskDetail } from "@/api/types";
import { counted } from "@/format/numbers";
import type { Article, EditionPage, EditionResult } from "@/model/results";
import css from "./Edition.module.css";
import { PageImage } from "./PageImage";
import { type Paper, usePaper } from "./usePaper";

/** A newspaper: each page's articles beside the page itself, as long as its PDF is there. */
export function Edition({ task, edition }: { task: TaskDetail; edition: EditionResult }) {
  const paper = usePaper(task);
  const articles = edition.pages.reduce((sum, page) => sum + page.articles.length, 0);
  return (
    <div className={css.edition}>
      <p className="soft">
        {edition.filename}: {counted(edition.pages.length, "page")}, {counted(articles, "article")}
      </p>
      {paper.state === "without" && paper.reason && <p className="soft">{paper.reason}</p>}
      {edition.pages.map((page) => (
        <Page key={page.number} page={page} paper={paper} filename={edition.filename} />
      ))}
    </div>
  );
}

function Page({ page, paper, filename }: { page: EditionPage; paper: Paper; filename: string }) {
  return (
    <section className={css.page} aria-label={`Page ${page.number}`}>
      <h3>Page {page.number}</h3>
      <div className={paper.state === "without" ? "" : css.spread}>
        {paper.state !== "without" && (
          <PageImage
            document={paper.state === "open" ? paper.document : null}
            usualAspect={paper.aspect}
            number={page.number}
            label={`Page ${page.number} of ${filename}`}
          />
        )}
        <div className={css.text}>
          {page.reason && <p className="soft">{page.reason}</p>}
          <div className={css.columns}>
            {page.articles.map((article) => (
              <ArticleView key={article.title + article.body.slice(0, 40)} article={article} />
            ))}
          </div>
        </div>
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
