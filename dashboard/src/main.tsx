import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { ApiError } from "@/api/problem";
import { router } from "@/app/router";
import { Feed } from "@/live/feed";
import { LiveProvider } from "@/live/LiveProvider";
import { loadPreferences } from "@/preferences/preferences";
import "@/styles/tokens.css";
import "@/styles/base.css";

const RETRIES = 1;
const FRESH_MS = 1_000;

/** What the API has refused it refuses again; only silence is worth another try. */
function isWorthRetrying(failures: number, error: Error): boolean {
  return failures < RETRIES && (!(error instanceof ApiError) || error.status === 0 || error.status >= 500);
}

loadPreferences();
const cache = new QueryClient({
  defaultOptions: { queries: { retry: isWorthRetrying, staleTime: FRESH_MS } },
});
const page = document.getElementById("root");
if (!page) throw new Error("index.html has no #root");
createRoot(page).render(
  <StrictMode>
    <QueryClientProvider client={cache}>
      <LiveProvider feed={new Feed()}>
        <RouterProvider router={router} />
      </LiveProvider>
    </QueryClientProvider>
  </StrictMode>,
);
