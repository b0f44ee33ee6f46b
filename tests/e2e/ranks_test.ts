/** `train` on several in-memory ranks: what the first one writes and prints, and how they end. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { CACHE, type Finished, overfold, TINY, withTinyConfig } from "./cli.ts";

/** Runs `train` in the folder `cwd`, on one rank for each list of arguments. */
async function trainOn(cwd: string, ...args: string[][]): Promise<Finished[]> {
  const path = (name: string) => fromFileUrl(new URL(`../../${name}`, import.meta.url));
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--config", path("deno.json"), "--no-check", "--allow-all"],
      path("tests/support/train_on_ranks.ts"),
      JSON.stringify(args),
    ],
    cwd,
    env: { NO_COLOR: "1", OVERFOLD_CACHE: join(cwd, CACHE) },
  }).output();
  const text = new TextDecoder().decode(stdout);
  if (text === "") throw new Error(new TextDecoder().decode(stderr));
  return JSON.parse(text);
}

/** Runs `train` on `size` ranks with the same arguments. */
function trainOnSame(size: number, cwd: string, ...args: string[]): Promise<Finished[]> {
  return trainOn(cwd, ...Array.from({ length: size }, () => args));
}

const SHARDED = TINY.replace("batchSize: 8", "batchSize: 16\n  shards: 8\n  dropLast: false");

/** The files of a run that depend neither on its ranks nor on interruptions. */
async function resultsOf(folder: string, run: string): Promise<Record<string, Uint8Array>> {
  const files = ["metrics.jsonl", "folded/model.safetensors", "checkpoints/last.safetensors"];
  return Object.fromEntries(
    await Promise.all(
      files.map(async (file) => [file, await Deno.readFile(join(folder, run, file))]),
    ),
  );
}

Deno.test("1, 2 and 4 ranks write the same files, also if their number changes", () =>
  withTinyConfig(async (folder) => {
    const train = async (ranks: number, output: string, ...more: string[]) => {
      const [first, ...others] = await trainOnSame(
        ranks,
        folder,
        ...["tiny.yaml", "--output", output, ...more],
      );
      assertEquals([first.code, first.error.includes("error")], [0, false], first.error);
      for (const said of others) assertEquals(said, { code: 0, out: "", error: "" });
      return first;
    };
    await train(1, "one");
    const expected = await resultsOf(folder, "one");
    const { out } = await train(4, "four");
    assertStringIncludes(
      out,
      "4 ranks over memory: ranks 0, 1 on node-0; ranks 2, 3 on node-1; each has 2 shards of 2 images",
    );
    assertStringIncludes(out, "epoch 2/2");
    assertEquals(await resultsOf(folder, "four"), expected);
    // Each of these runs out of time after one step.
    const brief = ["--set", "training.maxTime=1e-9"];
    await train(4, "broken", ...brief);
    await train(2, "broken", "--resume", ...brief);
    await train(1, "broken", "--resume", ...brief);
    await train(2, "broken", "--resume");
    assertEquals(await resultsOf(folder, "broken"), expected);
  }, SHARDED));

Deno.test("a batch has one shard per rank, and keeps them when their number changes", () =>
  withTinyConfig(async (folder) => {
    await trainOnSame(4, folder, "tiny.yaml", "--set", "training.maxTime=1e-9");
    const config = await Deno.readTextFile(join(folder, "runs/tiny/config.yaml"));
    assertStringIncludes(config, "shards: 4");
    const [first] = await trainOnSame(2, folder, "tiny.yaml", "--resume");
    assertEquals(first.code, 0, first.error);
    assertStringIncludes(first.out, "each has 2 shards of 2 images");
    const [{ code, error }] = await trainOnSame(3, folder, "tiny.yaml", "--resume");
    assertEquals(code, 2);
    assertStringIncludes(
      error,
      "tiny.yaml:2:1 data.shards: 3 ranks cannot share 4 shards evenly; start 1 or 2 or 4 of them",
    );
  }));

Deno.test("an error on all ranks is reported once, an error on one with the rank's name", () =>
  withTinyConfig(async (folder) => {
    const all = await trainOnSame(3, folder, "missing.yaml");
    assertEquals(all.map(({ code }) => code), [2, 2, 2]);
    assertStringIncludes(all[0].error, "error: missing.yaml: no such file");
    assertEquals(all.slice(1).map(({ error }) => error), ["", ""]);

    const args = ["tiny.yaml", "--output", "run"];
    const one = await trainOn(folder, args, ["missing.yaml"], args);
    assertEquals(one.map(({ code }) => code), [2, 2, 2]);
    assertStringIncludes(one[0].error, "error: rank 1 (node-0): missing.yaml: no such file");

    const others = await trainOn(folder, args, args, [...args, "--set", "training.epochs=7"]);
    assertEquals(others.map(({ code }) => code), [2, 2, 2]);
    assertStringIncludes(
      others[0].error,
      "error: the ranks would not train the same:\n  training.epochs: 2 on ranks 0, 1, 7 on rank 2",
    );
    assertEquals(others.slice(1).map(({ error }) => error), ["", ""]);
  }));

Deno.test("an error that only rank 0 can hit is reported with its name", () =>
  withTinyConfig(async (folder) => {
    const args = ["tiny.yaml", "--output", "run"];
    await Deno.mkdir(join(folder, "run"));
    // Its log cannot be written, which shows when the run begins.
    await Deno.writeTextFile(join(folder, "run", "checkpoints"), "");
    const all = await trainOnSame(2, folder, ...args);
    assertEquals(all.map(({ code }) => code), [2, 2]);
    assertStringIncludes(all[0].error, "error: rank 0 (node-0): ");
    assertEquals(all[1].error, "");
  }));

Deno.test("inspect reports memory per shard, and shards that do not divide a batch at their key", () =>
  withTinyConfig(async (folder) => {
    const { out } = await overfold(folder, "inspect", "tiny.yaml");
    assertStringIncludes(out, "memory to train, batch 16 in 8 shards of 2: ");
    const { code, error } = await overfold(
      folder,
      "inspect",
      "tiny.yaml",
      "--set",
      "data.shards=7",
    );
    assertEquals(code, 2);
    assertStringIncludes(
      error,
      "data.shards: a batch of 16 images cannot be cut into 7 shards of one size; write batchSize: " +
        "14 or 21, or shards: 4 or 8",
    );
    await Deno.writeTextFile(join(folder, "tiny.yaml"), `${SHARDED}  accumulate: 3\n`);
    const both = await overfold(folder, "train", "tiny.yaml");
    assertEquals(both.code, 2);
    assertMatch(
      both.error,
      /tiny\.yaml:\d+:\d+ data\.shards: .* write batchSize: 48 with shards: 24/,
    );
  }, SHARDED));
