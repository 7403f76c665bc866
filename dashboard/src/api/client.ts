import type { paths } from "@schema";
import createClient, { type Middleware } from "openapi-fetch";
import { credentialHeaders } from "./credential";
import { readProblem, unreachable } from "./problem";

const errorsAreThrown: Middleware = {
  onRequest({ request }) {
    for (const [name, value] of Object.entries(credentialHeaders())) request.headers.set(name, value);
    return request;
  },
  async onResponse({ response }) {
    if (!response.ok) throw await readProblem(response);
    return response;
  },
  onError({ error }) {
    return unreachable(error);
  },
};

/** Typed by the API's own document; every answer that is not a success is thrown as an `ApiError`. */
export const api = createClient<paths>({ baseUrl: "/" });
api.use(errorsAreThrown);

/** The body of an answer, which is there because errors are thrown. */
export async function body<Body>(answer: Promise<{ data?: Body }>): Promise<NonNullable<Body>> {
  const { data } = await answer;
  if (data === undefined || data === null) throw unreachable(new Error("an answer without a body"));
  return data;
}
