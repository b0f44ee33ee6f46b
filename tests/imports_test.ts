/** The import rule that docs/architecture.md states, and no circular imports. */
import { assertEquals, assertStringIncludes } from "@std/assert";

/** Folders import to the right only; in brackets, commas separate those that do not import each other. */
const ARROWS =
  "`cli` → (`site`, `pages`) → `comparison` → `config` → `training` → `weights` → `onnx` → " +
  "`checkpoints` → `networks` → `safetensors` → (`models` → `layers`, `datasets`, `backends`) → `ops` → `graph`";
/** What all folders may import, and which import only each other. */
const BASE = ["assembler", "files", "ranks", "reporting", "schema", "errors.ts"];
/** What other folders import of the backends. */
const BACKEND_ENTRIES = ["backends/backend.ts", "backends/registry.ts"];
/** Folders without Deno's APIs. */
const PORTABLE = ["graph", "ops", "layers", "models"];

const RULE = `Imports point one way: ${ARROWS}. Outside \`backends\`, only ` +
  `${BACKEND_ENTRIES.map(code).join(" and ")} are imported, except by the GPU tools of \`cli\`, ` +
  `and no backend imports another. ${
    BASE.map(code).join(", ")
  } are the base: all may import them, ` +
  `and they import only each other. Nothing in ${
    PORTABLE.map(code).join(", ")
  } uses Deno's APIs, ` +
  "so they also run in a browser. No files import each other in a circle except ops that are each " +
  "other's gradient.";

/** Entry points, which no folder imports, and the folder whose imports each may have. */
const ENTRIES: Record<string, string> = {
  "cli.ts": "cli",
  "task.ts": "cli",
  "mod.ts": "config",
};

/** Files that import from the WebGPU backend: the GPU tools, and those that pass it its tuning store. */
const GPU_TOOLS = [
  "cli/backend.ts",
  "cli/bench_cost.ts",
  "cli/doctor_gpu.ts",
  "cli/gpu_system.ts",
  "cli/kernel_backend.ts",
  "cli/tune.ts",
  "mod.ts",
];

/** The existing circles. */
const CYCLES = [
  // Each is part of the other's gradient.
  ["ops/multiply_scalar.ts", "ops/sum.ts"],
  ["ops/pack.ts", "ops/slice.ts"],
];

const ROOT = new URL("../", import.meta.url);
const BELOW = foldersBelow();
/** Texts of all files of the folders, and the files each imports, by path. */
const TEXTS = await readSources();
const IMPORTS = new Map([...TEXTS].map(([path, text]) => [path, importsOf(path, text)]));

Deno.test("docs/architecture.md states the checked rule", async () => {
  const text = await Deno.readTextFile(new URL("docs/architecture.md", ROOT));
  assertStringIncludes(text.replaceAll(/\s+/g, " "), RULE);
});

Deno.test("imports point one way", () => {
  const wrong = [...IMPORTS].flatMap(([from, targets]) =>
    targets.filter((to) => !mayImport(from, to)).map((to) => `${from} imports ${to}`)
  );
  assertEquals(wrong, []);
});

Deno.test("layers and models contain no folding code: only two files read programs", () => {
  // A model's program, and the tables that `overfold inspect` shows of it.
  const readers = ["models/inference.ts", "models/summary.ts"];
  const wrong = [...TEXTS].filter(([path, text]) =>
    ["layers", "models"].includes(folderOf(path)) && !readers.includes(path) &&
    /\bProgram\b|\bGraphNode\b|graph\/(passes|rewrite)|ops\/fold/.test(text)
  );
  assertEquals(wrong.map(([path]) => path), []);
});

Deno.test("there are no circular imports except those listed", () => {
  const paths = [...IMPORTS.keys()].toSorted();
  const reached = new Map(paths.map((path) => [path, reachedFrom(path)]));
  const circles = paths.map((path) =>
    paths.filter((other) => reached.get(path)!.has(other) && reached.get(other)!.has(path))
  );
  // Each circle once, at its first file.
  assertEquals(circles.filter(([first], i) => first === paths[i]), CYCLES);
});

Deno.test("folders that run in a browser do not use Deno's APIs", () => {
  const wrong = [...TEXTS].filter(([path, text]) =>
    PORTABLE.includes(folderOf(path)) && /\bDeno\b/.test(text)
  );
  assertEquals(wrong.map(([path]) => path), []);
});

Deno.test("scripts of pages and their imports use no Node modules", () => {
  const scripts = [...IMPORTS.keys()].filter((path) =>
    ["site/page.ts", "site/worker.ts"].includes(path) || /^pages\/.+\//.test(path)
  );
  const loaded = scripts.flatMap((path) => [path, ...reachedFrom(path)]);
  assertEquals(loaded.filter((path) => /\bfrom "node:/.test(TEXTS.get(path)!)), []);
});

function code(name: string): string {
  return `\`${name}\``;
}

/** The folders that each folder may import, read from {@link ARROWS}. */
function foldersBelow(): Map<string, string[]> {
  const floors = ARROWS.replaceAll("`", "").split(/ → (?![^(]*\))/)
    .map((floor) => floor.replaceAll(/[()]/g, "").split(", ").map((part) => part.split(" → ")));
  const below = new Map(BASE.map((folder) => [folder, BASE]));
  floors.forEach((parts, i) => {
    const under = [...floors.slice(i + 1).flat(2), ...BASE];
    for (const chain of parts) {
      chain.forEach((folder, j) => below.set(folder, [...chain.slice(j + 1), ...under]));
    }
  });
  return below;
}

function mayImport(from: string, to: string): boolean {
  if (Object.hasOwn(ENTRIES, to)) return Object.hasOwn(ENTRIES, from);
  const [folder, target] = [ENTRIES[from] ?? folderOf(from), folderOf(to)];
  if (folder !== target) {
    return BELOW.get(folder)!.includes(target) &&
      (target !== "backends" || BACKEND_ENTRIES.includes(to) ||
        GPU_TOOLS.includes(from) && to.startsWith("backends/webgpu/"));
  }
  const [backend, other] = [from, to].map((path) => path.split("/").slice(1, -1)[0]);
  return folder !== "backends" || other === undefined || backend === other ||
    BACKEND_ENTRIES.includes(from);
}

function folderOf(path: string): string {
  return path.split("/")[0];
}

async function readSources(): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  const read = async (folder: string, isWanted: (name: string) => boolean) => {
    for await (const { name, isDirectory } of Deno.readDir(new URL(folder, ROOT))) {
      if (!isWanted(name)) continue;
      const path = folder + name;
      if (isDirectory) await read(`${path}/`, () => true);
      else if (name.endsWith(".ts")) texts.set(path, await Deno.readTextFile(new URL(path, ROOT)));
    }
  };
  await read("", (name) => BELOW.has(name) || Object.hasOwn(ENTRIES, name));
  return texts;
}

/** The repository's files that a file imports, in any way, or names as a worker's module. */
function importsOf(path: string, text: string): string[] {
  const specifiers = text.matchAll(
    /^(?:import|export)\b(?:[^;"]*?\bfrom)?\s*"([^"]+)"|\bimport\(\s*"([^"]+)"|\bnew URL\(\s*"([^"]+)",\s*import\.meta\.url/gm,
  );
  return [...specifiers].map(([, ...kinds]) => kinds.find((specifier) => specifier !== undefined)!)
    .filter((specifier) => specifier.startsWith(".") && specifier.endsWith(".ts"))
    .map((specifier) => new URL(specifier, new URL(path, ROOT)).href.slice(ROOT.href.length));
}

/** All files that a file imports, directly or indirectly. */
function reachedFrom(path: string): Set<string> {
  const reached = new Set(IMPORTS.get(path));
  for (const next of reached) IMPORTS.get(next)?.forEach((further) => reached.add(further));
  return reached;
}
