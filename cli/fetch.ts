/** `overfold fetch`: everything that commands would fetch when they need it, ahead of that. */

import { loadZipReader } from "../datasets/archives/zip.ts";
import { loadOnnxProto, loadProtobuf } from "../files/protobuf.ts";
import { loadRuntime } from "../onnx/verify.ts";
import { bundleScripts } from "../pages/bundle.ts";
import { PAGES } from "../pages/page.ts";
import type { Command } from "./command.ts";
import { SCRIPTS } from "./site.ts";

/** `fetch`. */
export const command: Command = {
  positionals: [],
  options: {},
  details:
    "Commands load libraries from npm when they first need them, and Deno keeps them in its cache;\n" +
    "`deno info` shows in which folder. After this command they work without a network, and where the\n" +
    "folder is copied to. Images are fetched by: overfold datasets download NAME.",
  async run(_args, context) {
    const parts: Readonly<Record<string, () => Promise<unknown>>> = {
      "the libraries of all commands": context.loadCommands,
      "those of ONNX files": () => Promise.all([loadOnnxProto(), loadProtobuf()]),
      "that of Parquet files": () => import("../datasets/stores/parquet_reader.ts"),
      "that of ZIP archives": loadZipReader,
      "ONNX Runtime": loadRuntime,
      "the bundler of pages, and what they show charts with": async () => {
        await bundleScripts(SCRIPTS);
        for (const { script } of Object.values(PAGES)) await bundleScripts([script]);
      },
    };
    for (const [name, load] of Object.entries(parts)) {
      context.progress.update(() => `fetching ${name}`);
      await load();
    }
    context.progress.finish();
    context.print(`in Deno's cache: ${Object.keys(parts).join(", ")}`);
    context.emit({ cached: Object.keys(parts) });
  },
};
