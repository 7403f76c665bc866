import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Plugin } from "vite";

const SOURCE = dirname(createRequire(import.meta.url).resolve("pdfjs-dist/package.json"));
const WANTED =
  /^LICENSE$|^(standard_fonts|cmaps)\/|^wasm\/(openjpeg_nowasm_fallback\.js|LICENSE\w*OPENJPEG)$/;

function version(): string {
  return JSON.parse(readFileSync(join(SOURCE, "package.json"), "utf8")).version;
}

/**
 * Takes along what pdf.js asks for by name: fonts that a PDF does not bring, character maps, and a decoder of JPEG 2000
 * that needs no WebAssembly, which the CSP forbids; with their licences. The folder is named after the version, since the files keep theirs.
 */
export function pdfjsFiles(): Plugin {
  const folder = `assets/pdfjs-${version()}`;
  return {
    name: "pdfjs-files",
    config: (_, { command }) => ({
      define: {
        __PDFJS_FILES__: JSON.stringify(command === "build" ? `/${folder}/` : "/node_modules/pdfjs-dist/"),
      },
    }),
    generateBundle() {
      const files = readdirSync(SOURCE, { recursive: true, encoding: "utf8" });
      for (const name of files.filter((one) => WANTED.test(one))) {
        this.emitFile({
          type: "asset",
          fileName: `${folder}/${name}`,
          source: readFileSync(join(SOURCE, name)),
        });
      }
    },
  };
}
