/** What README.md, docs/ and docstrings show must work: it is extracted and run. */
import { assert, assertEquals } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { parse, stringify } from "yaml";
import { COMMANDS } from "../cli.ts";
import { type Command, parseArguments } from "../cli/command.ts";
import { parseConfig } from "../config/load.ts";
import settings from "../deno.json" with { type: "json" };
import { Conv2d } from "../layers/conv2d.ts";
import { Flatten } from "../layers/flatten.ts";
import { GlobalAvgPool2d } from "../layers/pooling.ts";
import { Sequential } from "../layers/sequential.ts";
import { listModels } from "../models/registry.ts";
import { foldModel } from "../networks/fold.ts";
import { readFoldedNetwork } from "../networks/network_file.ts";
import { encodeOnnx } from "../onnx/export.ts";
import "./support/vulkan.ts";
import { withFolder } from "./support/folder.ts";

const ROOT = new URL("../", import.meta.url);
const CONFIG = fromFileUrl(new URL("deno.json", ROOT));
const MODULE = new URL("mod.ts", ROOT).href;
const DOCUMENTS = await readDocuments();

/** A config that completes the fragments in the documents. */
const WHOLE_CONFIG = {
  data: { dataset: "synthetic" },
  model: { name: "cifar_resnet20_v1" },
  training: { epochs: 1, optimizer: { name: "sgd", learningRate: 0.1 } },
};

/** The exports that readers look up first: each must have an example. */
const WITH_EXAMPLE = [
  "Module",
  "buildModel",
  "foldModel",
  "loadDataset",
  "openBackend",
  "trace",
  "train",
];

Deno.test("examples in README, docs/ and docstrings type-check, run and print what they claim", async () => {
  const examples = await docstringExamples();
  assertEquals(WITH_EXAMPLE.filter((name) => !examples.has(name)), []);
  const shown = [...DOCUMENTS.values()].flatMap((text) => blocks(text, "ts"));
  // Those of docs/ come last: ONNX Runtime replaces the global Worker.
  const programs = [...[...examples.values()].flat(), ...shown.map(withoutDownload)];
  const said = programs.flatMap((code) =>
    [...code.matchAll(/^console\.log\(.*\); \/\/ (.*)$/gm)].map(([, result]) => result)
  );
  await withFolder(async (folder) => {
    await writeOnnx(join(folder, "runs/quickstart/folded"), "best.onnx");
    const printed = await runPrograms(folder, programs);
    // Deno puts spaces inside brackets.
    const plain = (text: string) => text.replaceAll(/\s/g, "");
    assertEquals(printed.trim().split("\n").map(plain), said.map(plain));
    const { description, tensors } = await readFoldedNetwork(join(folder, "folded.safetensors"));
    assertEquals(description.input, { height: 28, width: 28, channels: 1 });
    assert(tensors.has("fc.weight"));
  });
});

Deno.test("configs and fragments of configs in README and docs/ are valid", () => {
  let count = 0;
  for (const [path, text] of DOCUMENTS) {
    for (const block of blocks(text, "yaml")) {
      const { data, model, training, ...others } = { ...WHOLE_CONFIG, ...parse(block) };
      parseConfig(stringify({ data, model, training, ...others }), path);
      count++;
    }
  }
  assert(count > 0);
});

Deno.test("docs/models.md lists exactly the existing models", () => {
  const [, table] = DOCUMENTS.get("docs/models.md")!.match(/\n(\| names .*?)\n\n/s)!;
  const patterns = table.split("\n").slice(2).flatMap((row) =>
    [...row.split("|")[1].matchAll(/`([^`]+)`/g)].map(([, pattern]) => pattern)
  );
  const expand = (pattern: string): string[] => {
    const [whole, choices] = pattern.match(/\{([^}]+)\}/) ?? [];
    if (whole === undefined) return [pattern];
    return choices.split(",").flatMap((choice) => expand(pattern.replace(whole, choice)));
  };
  const models = listModels().filter((name) => name !== "layers");
  assertEquals(patterns.flatMap(expand).toSorted(), models.toSorted());
});

Deno.test("every task named in README and docs/ exists", () => {
  const named = [...DOCUMENTS.values()].flatMap((text) =>
    [...text.matchAll(/\bdeno(?:@\S+)? task ([a-z:]+(?:-[a-z:]+)*)/g)].map(([, name]) => name)
  );
  assert(named.length > 0);
  assertEquals(named.filter((name) => !Object.hasOwn(settings.tasks, name)), []);
});

Deno.test("commands in README and docs/ have valid arguments", async () => {
  const calls = [...DOCUMENTS.values()].flatMap((text) => blocks(text, "sh"))
    .flatMap((block) => block.replaceAll("\\\n", " ").split("\n"))
    .flatMap((line) => line.match(/\bdeno(?:@\S+)? task (.*)$/)?.[1] ?? [])
    .map(shellWords)
    .filter(([name]) => COMMANDS.some((command) => command.name === name));
  assert(calls.length > 0);
  for (const [name, ...args] of calls) {
    const { command }: { command: Command } = await import(`../cli/${name.replace(":", "_")}.ts`);
    parseArguments(name, command, args);
  }
});

Deno.test("files and headings linked from README and docs/ exist", async () => {
  for (const [path, text] of DOCUMENTS) {
    for (const [link, file, heading] of text.matchAll(/\]\((?!https?:)([^)#]*)#?([^)]*)\)/g)) {
      const url = new URL(file, new URL(path, ROOT));
      await Deno.stat(url);
      const known = heading === "" || headings(await Deno.readTextFile(url)).includes(heading);
      assert(known, `${path}: there is no heading ${link}`);
    }
  }
});

/** The texts of README.md, CONTRIBUTING.md and docs/, by path. */
async function readDocuments(): Promise<Map<string, string>> {
  const docs = await Array.fromAsync(Deno.readDir(new URL("docs/", ROOT)));
  const pages = docs.filter(({ isFile }) => isFile).map(({ name }) => `docs/${name}`).toSorted();
  const paths = ["README.md", "CONTRIBUTING.md", ...pages];
  return new Map(
    await Promise.all(
      paths.map(async (path) => [path, await Deno.readTextFile(new URL(path, ROOT))] as const),
    ),
  );
}

/** The headings of a document, as links name them. */
function headings(document: string): string[] {
  return [...document.matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
    title.toLowerCase().replaceAll(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-")
  );
}

/** The code of a document in one language, block by block. */
function blocks(document: string, language: string): string[] {
  const found = document.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, "gms"));
  return [...found].map(([, code]) => code);
}

/** The TypeScript in the docstrings of what mod.ts exports, by the export's name. */
async function docstringExamples(): Promise<Map<string, string[]>> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--json", "mod.ts"],
    cwd: fromFileUrl(ROOT),
  }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  const { nodes } = JSON.parse(new TextDecoder().decode(stdout));
  const examples = new Map<string, string[]>();
  for (const symbol of nodes[MODULE].symbols) {
    const found = blocks(docstrings(symbol).join("\n"), "ts");
    if (found.length > 0) examples.set(symbol.name, found);
  }
  return examples;
}

/** All docstrings below a node of `deno doc`'s output. */
function docstrings(node: unknown): string[] {
  if (typeof node !== "object" || node === null) return [];
  return Object.entries(node).flatMap(([key, value]) =>
    key === "doc" && typeof value === "string" ? [`${value}\n`] : docstrings(value)
  );
}

/** Type-checks programs, runs them in one process, one after the other, and returns their output. */
async function runPrograms(folder: string, programs: readonly string[]): Promise<string> {
  const names = programs.map((_, i) => `./program${i}.ts`);
  for (const [i, code] of programs.entries()) {
    await Deno.writeTextFile(join(folder, names[i]), code.replace('"./mod.ts"', `"${MODULE}"`));
  }
  const main = names.map((name) => `await import("${name}");\n`).join("");
  await Deno.writeTextFile(join(folder, "main.ts"), main);
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--check",
      `--config=${CONFIG}`,
      "--no-prompt",
      "--allow-read",
      "--allow-write=.",
      "--allow-env",
      "main.ts",
    ],
    cwd: folder,
    env: { NO_COLOR: "1" },
  }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

/** Writes the file that `export --include-preprocessing` would, of a small network for MNIST. */
async function writeOnnx(folder: string, name: string): Promise<void> {
  const model = new Sequential(
    new Conv2d({ inChannels: 1, outChannels: 10, kernelSize: 3 }),
    new GlobalAvgPool2d(),
    new Flatten(),
  );
  model.initialize(0);
  const network = foldModel(model, {
    model: "layers",
    input: { height: 28, width: 28, channels: 1 },
    normalization: { mean: [0.1], std: [0.3] },
    classNames: Array.from({ length: 10 }, (_, digit) => `${digit}`),
  });
  await Deno.mkdir(folder, { recursive: true });
  const options = { batchNorm: true, includePreprocessing: true };
  await Deno.writeFile(join(folder, name), await encodeOnnx(network, options));
}

/** Replaces MNIST with synthetic images of its size, which need no download. */
function withoutDownload(code: string): string {
  const images = 'name: "synthetic", imageSize: 28, channels: 1, trainCount: 128, testCount: 1';
  return code.replace('name: "mnist"', images);
}

/** The words of a command line; quotes keep spaces, and what follows ` #` is a comment. */
function shellWords(line: string): string[] {
  return [...line.replace(/(^|\s)#.*$/, "").matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)]
    .map(([, single, double, bare]) => single ?? double ?? bare);
}
