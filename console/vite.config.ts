import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { defineConfig, type Plugin } from "vite";

/** Files whose contents decide the build, in the order of their names. */
function sources(folder: string): string[] {
  const src = readdirSync(join(folder, "src"))
    .filter((name) => !name.endsWith(".test.ts"))
    .map((name) => `src/${name}`);
  return ["index.html", "package-lock.json", "public/icon.svg", "tsconfig.json", "vite.config.ts", ...src].sort();
}

/** Leaves the digest of the sources beside the build: a test of the package compares them. */
function digested(folder: string): Plugin {
  return {
    name: "digested",
    generateBundle() {
      const digest = createHash("sha256");
      for (const name of sources(folder)) {
        digest.update(`${name}\0`).update(readFileSync(join(folder, name))).update("\0");
      }
      this.emitFile({ type: "asset", fileName: "sources.sha256", source: `${digest.digest("hex")}\n` });
    },
  };
}

export default defineConfig({
  base: "./",
  plugins: [digested(import.meta.dirname)],
  esbuild: { jsx: "automatic", jsxImportSource: "preact", legalComments: "none" },
  build: {
    outDir: "../orchestrator/console",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    rollupOptions: {
      output: {
        entryFileNames: "console.js",
        assetFileNames: "console[extname]",
      },
    },
  },
});
