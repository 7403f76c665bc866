import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Plugin } from "vite";

const LARGE_ENOUGH_BYTES = 1024;
const COMPRESSIBLE = /\.(m?js|css|svg|ttf)$/;

/** Leaves a compressed copy beside each asset: the API sends it as it is, and never compresses itself. */
export function compress(): Plugin {
  let folder = "";
  return {
    name: "compress",
    apply: "build",
    configResolved(config) {
      folder = join(config.root, config.build.outDir, "assets");
    },
    closeBundle() {
      const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
      for (const name of files.filter((one) => COMPRESSIBLE.test(one))) {
        const content = readFileSync(join(folder, name));
        if (content.length >= LARGE_ENOUGH_BYTES) {
          writeFileSync(join(folder, `${name}.gz`), gzipSync(content, { level: 9 }));
        }
      }
    },
  };
}
