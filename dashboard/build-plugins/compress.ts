import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Plugin } from "vite";

const LARGE_ENOUGH_BYTES = 1024;
const COMPRESSIBLE = /\.(js|css|svg)$/;

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
      for (const name of readdirSync(folder).filter((one) => COMPRESSIBLE.test(one))) {
        const content = readFileSync(join(folder, name));
        if (content.length >= LARGE_ENOUGH_BYTES) {
          writeFileSync(join(folder, `${name}.gz`), gzipSync(content, { level: 9 }));
        }
      }
    },
  };
}
