/** `overfold fetch`: downloads in advance everything that commands would download when needed. */

import { loadZipReader } from "../datasets/archives/zip.ts";
import { loadOnnxProto, loadProtobuf } from "../files/protobuf.ts";
import { loadRuntime } from "../onnx/verify.ts";
import { bundleScripts } from "../pages/bundle.ts";
import { PAGES } from "../pages/page.ts";
import type { Command } from "./command.ts";
import { SCRIPTS } from "./site.ts";

export const command: Command = {
  positionals: [],
  options: {},
  details:
    "Commands load libraries from npm when first needed, and Deno caches them; `deno info` shows the\n" +
    "folder. After this command they work without a network, also on machines to which the folder is\n" +
    "copied. Images are downloaded by: overfold datasets download NAME.",
  async run(_args, context) {
    const parts: Readonly<Record<string, () => Promise<unknown>>> = {
      "the libraries of all commands": context.loadCommands,
      "the libraries for ONNX files": () => Promise.all([loadOnnxProto(), loadProtobuf()]),
      "the library for Parquet files": () => import("../datasets/stores/parquet_reader.ts"),
      "the library for ZIP archives": loadZipReader,
      "ONNX Runtime": loadRuntime,
      "the bundler and the chart library for web pages": async () => {
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
