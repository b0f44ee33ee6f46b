import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { dirname, fromFileUrl, join } from "@std/path";
import { ADDITIONS } from "../support/additions.ts";
import { overfoldOf, parseEvents } from "./cli.ts";
import { withFolder } from "../support/folder.ts";

const ROOT = fromFileUrl(new URL("../../", import.meta.url));
/** Parts of the repository that neither a program nor {@link TESTS} need. */
const LEFT_OUT = ["docs", "bench", "runs", "node_modules"];
/** Tests that every registry entry must pass. */
const TESTS = [
  "tests/config",
  "tests/layers/registry_test.ts",
  "tests/ops/gradients_test.ts",
  "tests/training/targets_test.ts",
  "tests/training/objectives/registry_test.ts",
];

/** All extensions in one config. */
const CONFIG = `\
threads: 1
data:
  dataset: { name: stripes, size: 12 }
  batchSize: 8
  workers: 2
  augmentation: [{ name: invert, share: 0.25 }]
model:
  layers:
    - convolution: { outChannels: 4, kernelSize: 3, padding: 1 }
    - hard_shrink: { lambda: 0.01 }
    - global_avg_pool2d
    - flatten
    - linear: { outFeatures: 2 }
  convolution: { name: twin, share: 0.5 }
training:
  epochs: 1
  objective: { name: tempered, temperature: 2 }
  optimizer: { name: descent, boost: 2 }
  schedule: { name: halving, every: 4 }
  loggers: [{ name: last_loss, digits: 3 }]
`;

Deno.test("an extension of each kind takes a file and a registry line, and works from a config", async (t) => {
  await withFolder(async (folder) => {
    const sources = join(folder, "sources");
    await copySources(ROOT, sources, LEFT_OUT);
    for (const addition of ADDITIONS) await add(sources, addition);
    await Deno.writeTextFile(join(folder, "all.yaml"), CONFIG);
    const run = (...args: string[]) => overfoldOf(sources, folder, args);

    await t.step("the extensions type-check", async () => {
      const changed = ADDITIONS.flatMap(({ path, registry }) => [path, registry]);
      const { success, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["check", "--quiet", ...changed.filter((path) => path !== "cli.ts"), ...TESTS],
        cwd: sources,
        stderr: "piped",
      }).output();
      assertEquals([success, new TextDecoder().decode(stderr)], [true, ""]);
    });

    await t.step("the extensions pass the tests of the registries", async () => {
      await Deno.writeTextFile(join(sources, "schema.json"), await schemaOf(sources));
      const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["test", "--quiet", "--no-check", "--allow-all", ...TESTS],
        cwd: sources,
        env: { NO_COLOR: "1" },
      }).output();
      const decoder = new TextDecoder();
      assertEquals(success, true, decoder.decode(stdout) + decoder.decode(stderr));
    });

    await t.step("a list of layers trains and folds with all extensions", async () => {
      const { code, out, error } = await run("train", "all.yaml", "--output", "run", "--json");
      assertEquals(code, 0, error);
      const done = parseEvents(out).at(-1)!;
      assertEquals([done.event, done.step], ["done", 8]);
      const { dataset, stored } = await runOf(join(folder, "run"));
      assertEquals([dataset, stored], ["stripes", ["conv2d", "hardShrink"]]);
      assertMatch(await Deno.readTextFile(join(folder, "run", "loss.txt")), /^\d\.\d{2,3}$/);
    });

    await t.step("a model by name takes its options and convolution", async () => {
      const { code, out, error } = await run(
        ...["inspect", "all.yaml", "--json", "--set", "model.layers=null"],
        ...["--set", "model.name=shallow", "--set", "model.options.channels=5"],
      );
      assertEquals(code, 0, error);
      const [{ layers }] = parseEvents(out) as unknown as {
        layers: { path: string; kind: string; trainingParameters: number }[];
      }[];
      assertEquals(
        layers.map(({ path, kind, trainingParameters }) => [path, kind, trainingParameters])[0],
        ["conv", "TwinConv2d", 2 * 5 * 9],
      );
    });

    await t.step("a wrong option is reported at its key", async () => {
      const { code, error } = await run(
        ...["train", "all.yaml", "--set", "training.optimizer.bost=1"],
        ...["--set", "data.dataset.count=1"],
      );
      assertEquals(code, 2);
      assertStringIncludes(error, 'training.optimizer.bost: unknown key; did you mean "boost"?');
      assertStringIncludes(error, "data.dataset.count: found 1, expected an integer of at least 2");
    });

    await t.step(
      "help, the config template and the editor schema list the extensions",
      async () => {
        await run("init", "template.yaml");
        const template = await Deno.readTextFile(join(folder, "template.yaml"));
        const schema = await schemaOf(sources);
        for (
          const name of [
            ...["stripes", "invert", "shallow", "hard_shrink", "twin"],
            ...["tempered", "descent", "halving", "last_loss"],
          ]
        ) {
          assertMatch(template, new RegExp(`\\W${name}\\W`));
          assertStringIncludes(schema, `"${name}"`);
        }
        assertStringIncludes((await run("kernel", "--help")).out, "hardShrink");
        assertMatch((await run("rooms")).out, /^\d+ models\n$/);
      },
    );
  });
});

/** Copies a folder without hidden entries and those of `leftOut`. */
async function copySources(from: string, to: string, leftOut: readonly string[]): Promise<void> {
  await Deno.mkdir(to);
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    if (name.startsWith(".") || leftOut.includes(name)) continue;
    if (isDirectory) await copySources(join(from, name), join(to, name), []);
    else await Deno.copyFile(join(from, name), join(to, name));
  }
}

async function add(
  sources: string,
  { path, text, registry, after, line, names }: (typeof ADDITIONS)[number],
): Promise<void> {
  await Deno.writeTextFile(join(sources, path), text);
  const place = join(sources, registry);
  const known = await Deno.readTextFile(place);
  assertEquals(known.split(after).length, 2, `${registry} has one "${after}"`);
  const specifier = path.startsWith(`${dirname(registry)}/`)
    ? `./${path.slice(dirname(registry).length + 1)}`
    : undefined;
  const imported = names ? `import { ${names} } from "${specifier}";\n` : "";
  await Deno.writeTextFile(place, imported + known.replace(after, `${after}\n  ${line}`));
}

/** The dataset of a finished run, and some ops of its folded network. */
async function runOf(path: string): Promise<{ dataset: string; stored: string[] }> {
  const config = await Deno.readTextFile(join(path, "config.yaml"));
  const [, dataset = ""] = config.match(/dataset:\s+name: (\w+)/) ?? [];
  const folded = await Deno.readTextFile(join(path, "folded", "model.safetensors"));
  return { dataset, stored: ["conv2d", "hardShrink"].filter((op) => folded.includes(`"${op}\\"`)) };
}

async function schemaOf(sources: string): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      "eval",
      'await Deno.stdout.write(new TextEncoder().encode((await import("./config/json_schema.ts")).schemaFileText()))',
    ],
    cwd: sources,
  }).output();
  return new TextDecoder().decode(stdout);
}
