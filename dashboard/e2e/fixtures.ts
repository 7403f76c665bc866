import { readFileSync } from "node:fs";
import { type APIRequestContext, test as base, expect, type Page } from "@playwright/test";

export { expect };

export interface Drill {
  outcome?: "well" | "badly" | "later";
  seconds?: number;
  label?: string;
}

/** A connection that the server has just closed for being idle is no failure of the server. */
const RETRIES = 3;

export const gazette = readFileSync(new URL("../../examples/samples/gazette.pdf", import.meta.url));

/** The API, for what a test needs to be there before it looks. */
export class Api {
  constructor(
    readonly url: string,
    private readonly request: APIRequestContext,
  ) {}

  async get<Body>(path: string): Promise<Body> {
    const answer = await this.request.get(this.url + path, { maxRetries: RETRIES });
    expect(answer.ok(), `GET ${path}`).toBe(true);
    return (await answer.json()) as Body;
  }

  async post<Body>(path: string, data: unknown = {}): Promise<Body> {
    const answer = await this.request.post(this.url + path, { data, maxRetries: RETRIES });
    expect(answer.ok(), `POST ${path}`).toBe(true);
    return (await answer.json()) as Body;
  }

  async submit(name: string, input: unknown): Promise<string> {
    return (await this.post<{ task_id: string }>(`/api/v1/functions/${name}/tasks`, input)).task_id;
  }

  /** A newspaper, sent as a file; the sample's unless another is given. */
  async extract(pdf: Buffer = gazette): Promise<string> {
    const file = { name: "gazette.pdf", mimeType: "application/pdf", buffer: pdf };
    const answer = await this.request.post(`${this.url}/api/v1/tasks/pdfxtract`, {
      multipart: { file },
      maxRetries: RETRIES,
    });
    expect(answer.ok(), "POST pdfxtract").toBe(true);
    return ((await answer.json()) as { task_id: string }).task_id;
  }

  drill(drill: Drill): Promise<string> {
    return this.submit("drill", drill);
  }

  async until(id: string, state: string): Promise<string> {
    await expect
      .poll(async () => (await this.get<{ state: string }>(`/api/v1/tasks/${id}`)).state, { timeout: 30_000 })
      .toBe(state);
    return id;
  }
}

/** What a browser complains about although a test wants it: the API was taken away. */
const EXPECTED = /net::ERR_|Failed to load resource/;

export const test = base.extend<{ api: Api; complaints: string[]; resumed: undefined }>({
  baseURL: process.env.ATF_E2E_URL ?? "",
  api: async ({ baseURL, request }, use) => use(new Api(baseURL ?? "", request)),
  // Whatever a test has paused, the next one finds running.
  resumed: [
    async ({ api }, use) => {
      await use(undefined);
      await api.post("/api/v1/functions/drill/resume");
    },
    { auto: true },
  ],
  complaints: [
    async ({ page }, use) => {
      const complaints: string[] = [];
      page.on("pageerror", (error) => complaints.push(error.message));
      page.on("console", (message) => {
        if (message.type() === "error" && !EXPECTED.test(message.text())) complaints.push(message.text());
      });
      await use(complaints);
      expect(complaints, "the browser has nothing to complain about, the CSP included").toEqual([]);
    },
    { auto: true },
  ],
});

/** Waits until the page hears the API. */
export async function isLive(page: Page): Promise<void> {
  await expect(page.getByTestId("freshness").first()).toHaveText(/Live/);
}
