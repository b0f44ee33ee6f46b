import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { readCheckpoint } from "../../checkpoints/checkpoint.ts";
import { NO_SUMS, type RunState } from "../../checkpoints/run_state.ts";
import { InputError, RunError } from "../../errors.ts";
import { type ExistingRun, RunFolder, type RunIdentity } from "../../training/run_folder.ts";
import { withFolder } from "../support/folder.ts";
import { TINY_MODEL } from "../support/tiny_training.ts";

const IDENTITY: RunIdentity = {
  description: {
    model: "layers",
    input: { height: 6, width: 6, channels: 2 },
    normalization: { mean: [0, 0], std: [1, 1] },
    classNames: ["a", "b", "c"],
  },
  architecture: { name: "layers", options: TINY_MODEL },
  config: { seed: 0 },
  seed: 0,
  backend: { name: "reference", threads: 1, description: "reference" },
};
const TENSORS = { model: new Map(), optimizer: new Map() };
const AT_STEP_3: RunState = { step: 3, epoch: 0, batch: 3, sums: NO_SUMS };

async function open(path: string, existing: ExistingRun = "refuse") {
  const opened = await RunFolder.open(path, IDENTITY, "seed: 0\n", existing);
  await opened.folder.start();
  return opened;
}

const withRun = (test: (path: string) => Promise<void>): Promise<void> =>
  withFolder((folder) => test(join(folder, "run")));

Deno.test("a folder that holds a run is left alone, and both ways out are named", () =>
  withRun(async (path) => {
    await Deno.mkdir(path);
    (await open(path)).folder.close();
    const error = await assertRejects(() => open(path), InputError, path);
    for (const option of ["--resume", "--force"]) {
      assertEquals(error.message.includes(option), true);
    }
  }));

Deno.test("--resume of a run without a checkpoint starts anew", () =>
  withRun(async (path) => {
    const { folder, checkpoint } = await open(path, "resume");
    assertEquals(checkpoint, undefined);
    await folder.log({ step: 1 });
    folder.close();
    const again = await open(path, "resume");
    assertEquals(again.checkpoint, undefined);
    again.folder.close();
    assertEquals(await Deno.readTextFile(join(path, "metrics.jsonl")), "");
  }));

Deno.test("resuming cuts the metrics log back to the checkpoint and goes on there", () =>
  withRun(async (path) => {
    const { folder } = await open(path);
    assertEquals(folder.lastCheckpoint(), undefined);
    await folder.log({ step: 3 });
    await folder.save("last", TENSORS, AT_STEP_3);
    assertEquals(folder.lastCheckpoint(), folder.lastPath);
    await folder.log({ step: 4 });
    folder.close();

    const resumed = await open(path, "resume");
    assertEquals(resumed.checkpoint?.state, AT_STEP_3);
    await resumed.folder.log({ step: 5 });
    await resumed.folder.save("best", TENSORS, AT_STEP_3);
    resumed.folder.close();
    const log = '{"step":3}\n{"step":5}\n';
    assertEquals(await Deno.readTextFile(join(path, "metrics.jsonl")), log);
    assertEquals((await readCheckpoint(folder.bestPath)).metricsBytes, log.length);
  }));

Deno.test("what a killed process left half written is removed", () =>
  withRun(async (path) => {
    (await open(path)).folder.close();
    await Deno.writeTextFile(join(path, "checkpoints", ".last.safetensors.1-ab.tmp"), "half");
    (await open(path, "resume")).folder.close();
    assertEquals([...Deno.readDirSync(join(path, "checkpoints"))], []);
  }));

Deno.test("--force deletes what the run left and nothing else", () =>
  withRun(async (path) => {
    const { folder } = await open(path);
    await folder.save("last", TENSORS, AT_STEP_3);
    await folder.log({ step: 3 });
    folder.close();
    for (const mine of ["notes.txt", "checkpoints/notes.txt"]) {
      await Deno.writeTextFile(join(path, mine), "mine");
    }
    const forced = await open(path, "replace");
    forced.folder.close();
    assertEquals(forced.checkpoint, undefined);
    assertEquals([...Deno.readDirSync(path)].map(({ name }) => name).sort(), [
      ".lock",
      "checkpoints",
      "config.yaml",
      "metrics.jsonl",
      "notes.txt",
    ]);
    assertEquals(await Deno.readTextFile(join(path, "metrics.jsonl")), "");
    const kept = [...Deno.readDirSync(join(path, "checkpoints"))].map(({ name }) => name);
    assertEquals(kept, ["notes.txt"]);
  }));

Deno.test("a run that is under way is left alone", () =>
  withRun(async (path) => {
    const { folder } = await open(path);
    for (const existing of ["resume", "replace"] as const) {
      await assertRejects(() => open(path, existing), InputError, "under way");
    }
    folder.close();
    (await open(path, "replace")).folder.close();
  }));

Deno.test("a run that was made since is left alone too", () =>
  withRun(async (path) => {
    for (const existing of ["refuse", "resume"] as const) {
      const late = (await RunFolder.open(path, IDENTITY, "seed: 1\n", existing)).folder;
      const { folder } = await open(path);
      await folder.log({ step: 1 });
      folder.close();
      await assertRejects(() => late.start(), InputError, "already holds a run");
      late.close();
      assertEquals(await Deno.readTextFile(join(path, "metrics.jsonl")), '{"step":1}\n');
      await Deno.remove(path, { recursive: true });
    }
  }));

Deno.test("a config of somebody's own is never overwritten", () =>
  withRun(async (path) => {
    await Deno.mkdir(path);
    const config = join(path, "config.yaml");
    await Deno.writeTextFile(config, "# mine\nseed: 1\n");
    for (const existing of ["refuse", "resume", "replace"] as const) {
      await assertRejects(() => open(path, existing), InputError, "would be overwritten");
    }
    assertEquals(await Deno.readTextFile(config), "# mine\nseed: 1\n");
  }));

Deno.test("nothing is written or deleted before the start", () =>
  withRun(async (path) => {
    (await RunFolder.open(path, IDENTITY, "seed: 0\n", "refuse")).folder.close();
    await assertRejects(() => Deno.stat(path), Deno.errors.NotFound);
    const { folder } = await open(path);
    await folder.save("last", TENSORS, AT_STEP_3);
    folder.close();
    for (const existing of ["resume", "replace"] as const) {
      (await RunFolder.open(path, IDENTITY, "seed: 1\n", existing)).folder.close();
      assertStringIncludes(await Deno.readTextFile(join(path, "config.yaml")), "seed: 0\n");
      assertEquals((await readCheckpoint(folder.lastPath)).state, AT_STEP_3);
    }
  }));

Deno.test("a checkpoint that cannot be written names the way to go on", () =>
  withRun(async (path) => {
    const { folder } = await open(path);
    await Deno.remove(join(path, "checkpoints"));
    await Deno.writeTextFile(join(path, "checkpoints"), "a file");
    const error = await assertRejects(() => folder.save("last", TENSORS, AT_STEP_3), RunError);
    assertStringIncludes(error.message, "mend that and go on with --resume");
    folder.close();
  }));

Deno.test("a folder that cannot be written is the user's to mend", () =>
  withRun(async (path) => {
    await Deno.mkdir(join(path, "metrics.jsonl"), { recursive: true });
    await assertRejects(() => open(path, "replace"), InputError, "cannot be written");
    await Deno.remove(path, { recursive: true });
    await Deno.mkdir(join(path, "config.yaml"), { recursive: true });
    await assertRejects(() => open(path), InputError, "would be overwritten");
  }));

Deno.test("a folder that cannot be made is the user's to mend", () =>
  withRun(async (path) => {
    await Deno.writeTextFile(path, "a file");
    await assertRejects(() => open(path), InputError, "cannot be written");
  }));
