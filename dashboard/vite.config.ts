import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { compress } from "./build-plugins/compress.ts";
import { pdfjsFiles } from "./build-plugins/pdfjs.ts";

/** Where the API's package looks for the dashboard; its wheel and its image take it from there. */
const OUTPUT = "../api/src/asynctaskflow_api/static/dashboard";
const API = process.env.ATF_SERVER ?? "http://127.0.0.1:8000";

export default defineConfig({
  plugins: [react(), pdfjsFiles(), compress()],
  resolve: { alias: { "@": fileURLToPath(new URL("src", import.meta.url)) } },
  build: { outDir: OUTPUT, emptyOutDir: true, modulePreload: { polyfill: false }, assetsInlineLimit: 0 },
  server: { proxy: { "/api/": API, "/docs": API, "/openapi.json": API, "/version": API } },
  test: { include: ["src/**/*.test.ts"], environment: "node" },
});
