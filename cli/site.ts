/** `overfold site`: writes a static web page that runs a network in the browser. */

import { basename, join } from "@std/path";
import { DEFAULT_THRESHOLD } from "../networks/activation.ts";
import type { Checkpoint } from "../checkpoints/checkpoint.ts";
import type { LoadedNetwork } from "../checkpoints/load.ts";
import { FOLDED_FORMAT } from "../safetensors/formats.ts";
import { storeProgram } from "../networks/program.ts";
import type { Metrics } from "../checkpoints/run_state.ts";
import { encodeSafetensors } from "../safetensors/safetensors.ts";
import { parseStored } from "../config/load.ts";
import { InputError } from "../errors.ts";
import { writeFileAtomic } from "../files/atomic.ts";
import { exists } from "../files/exists.ts";
import { requirePictures } from "../files/images.ts";
import { decoderLocations } from "../files/decode.ts";
import { bundleScripts } from "../pages/bundle.ts";
import base from "../pages/base.css" with { type: "text" };
import { foldForInference } from "../ops/fold_for_inference.ts";
import { sizeOf } from "../graph/types.ts";
import { multiplyAccumulates } from "../ops/multiply_accumulates.ts";
import { spellName } from "../reporting/controls.ts";
import { formatBytes } from "../reporting/format.ts";
import { sum } from "../reporting/statistics.ts";
import icon from "../site/icon.svg" with { type: "text" };
import html from "../site/index.html" with { type: "text" };
import type { NetworkCard } from "../site/messages.ts";
import style from "../site/style.css" with { type: "text" };
import { briefMetrics, formatMetric } from "../training/metrics/metric.ts";
import { objectiveOf } from "../training/objectives/registry.ts";
import type { Command } from "./command.ts";
import { checkFolder, checkOutput } from "./output.ts";
import { loadFinite } from "./load_finite.ts";

/** The decoders' WebAssembly by name. */
const DECODERS = Object.fromEntries(decoderLocations().map((url) => [basename(url.pathname), url]));

/** The files of a page, in the order of writing: the first identifies it as a page of ours. */
const FILES = [
  "card.json",
  "index.html",
  "style.css",
  "icon.svg",
  "page.js",
  "worker.js",
  "transforms.js",
  ...Object.keys(DECODERS),
  "network.safetensors",
];

export const command: Command = {
  positionals: [{ name: "CHECKPOINT", help: "A checkpoint, or a folded network" }],
  options: {
    output: { value: "DIR", help: "The folder the page is written to; required" },
    title: { value: "TEXT", help: "The page's heading; by default the model's name" },
  },
  details:
    "The page classifies images with WebGPU or, without it, WebAssembly. It consists of static files and\n" +
    "sends no requests to other servers: put the folder on any web server, or view it with:\n" +
    "npx serve DIR. Accuracy is shown for checkpoints only; folded networks do not record it.",
  async run(args, context) {
    const [path] = args.positionals;
    const output = args.text("output");
    if (output === undefined) {
      throw new InputError("--output is missing: name the folder for the page");
    }
    await checkPage(output, path);
    const network = await loadFinite(path);
    requirePictures(path, network.description.input);
    const { bytes, card } = encodeNetwork(path, network, args.text("title"));
    context.progress.update(() => "bundling the page");
    const files: Record<string, string | Uint8Array> = {
      "index.html": html,
      "style.css": `${base}\n${style}`,
      "icon.svg": icon,
      ...await bundleScripts(SCRIPTS),
      ...await readDecoders(),
      "network.safetensors": bytes,
      "card.json": JSON.stringify(card),
    };
    for (const name of FILES) await writeFileAtomic(join(output, name), files[name]);
    context.progress.finish();
    const total = sum(Object.values(files).map(({ length }) => length));
    context.print(
      `site: ${join(output, "index.html")}, ${
        formatBytes(total)
      } in ${FILES.length} files; view it with: npx serve ${output}`,
    );
    context.emit({ output, files: FILES, bytes: total });
  },
};

async function readDecoders(): Promise<Record<string, Uint8Array>> {
  const files = Object.entries(DECODERS);
  const read = async ([name, url]: typeof files[number]) => [name, await Deno.readFile(url)];
  return Object.fromEntries(await Promise.all(files.map(read)));
}

/** Throws InputError if the page cannot be written to `folder`, or would replace other files. */
async function checkPage(folder: string, input: string): Promise<void> {
  await checkFolder(folder);
  const isPage = await exists(join(folder, FILES[0]));
  for (const name of FILES) {
    const path = join(folder, name);
    await checkOutput(path, [input]);
    if (isPage || !await exists(path)) continue;
    throw new InputError(
      `${path} would be overwritten, but was not written by \`overfold site\`; choose another folder`,
    );
  }
}

/** The completely folded network as the bytes of its file, and its description for the page. */
function encodeNetwork(
  path: string,
  { description, program, checkpoint }: LoadedNetwork,
  title?: string,
): { bytes: Uint8Array; card: NetworkCard } {
  const folded = foldForInference(program(1), { batchNorm: true });
  const { stored, constants } = storeProgram(folded);
  const bytes = encodeSafetensors(constants, {
    format: FOLDED_FORMAT,
    network: JSON.stringify(description),
    program: JSON.stringify(stored),
  });
  const { model, input, transforms, classNames, activation, threshold = DEFAULT_THRESHOLD } =
    description;
  const validation = checkpoint?.state.validation;
  const card: NetworkCard = {
    // A model defined as a list of layers has no name of its own.
    title: title ?? (model === "layers" ? "Custom network" : spellName(model)),
    input,
    ...(transforms ? { transforms } : {}),
    classNames: classNames.map(spellName),
    ...(activation === "sigmoid" ? { threshold } : {}),
    parameters: sum([...constants.values()].map(({ shape }) => sizeOf(shape))),
    macs: sum(folded.nodes.map(multiplyAccumulates)),
    bytes: bytes.length,
    ...(checkpoint && validation ? { validation: measured(path, checkpoint, validation) } : {}),
  };
  return { bytes, card };
}

/** A validation in the form the page shows. */
function measured(
  path: string,
  { config, description }: Checkpoint,
  validation: Metrics,
): NetworkCard["validation"] {
  const objective = config ? parseStored(config, path).config.training.objective : undefined;
  const { metrics } = objectiveOf(objective, description.classNames.length, description);
  return {
    results: briefMetrics(metrics, validation)
      .filter(([name]) => name !== "loss")
      .map(([name, info]) => [info.title, formatMetric(info, validation[name])]),
    count: validation.count,
  };
}

/** The scripts among {@link FILES}, bundled with their imports. */
export const SCRIPTS = ["page.ts", "worker.ts", "transforms.ts"].map((name) =>
  new URL(`../site/${name}`, import.meta.url)
);
