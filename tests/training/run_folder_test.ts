import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { readCheckpoint } from "../../checkpoints/checkpoint.ts";
import { NO_SUMS, type RunState } from "../../checkpoints/run_state.ts";
import { InputError, RunError } from "../../errors.ts";
import type { ExistingRun } from "../../training/run_files.ts";
import { RunFolder, type RunIdentity } from "../../training/run_folder.ts";
import { temporaryPath } from "../../files/temporary.ts";
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

async function opened(path: string, existing: ExistingRun, configText = "seed: 0\n") {
  const folder = await RunFolder.open(path, existing);
  folder.describe({ identity: IDENTITY, configText });
  return folder;
}

async function open(path: string, existing: ExistingRun = "refuse") {
  const folder = await opened(path, existing);
  await folder.start();
  return folder;
}

const withRun = (test: (path: string) => Promise<void>): Promise<void> =>
  withFolder((folder) => test(join(folder, "run")));

Deno.test("a folder that holds a run is left alone, and both ways out are named", () =>
  withRun(async (path) => {
    await Deno.mkdir(path);
    (await open(path)).close();
    const error = await assertRejects(() => open(path), InputError, path);
    for (const option of ["--resume", "--force"]) {
      assertEquals(error.message.includes(option), true);
    }
  }));

Deno.test("--resume starts a run that had not begun", () =>
  withRun(async (path) => {
    const folder = await open(path, "resume");
    assertEquals(folder.found, undefined);
    folder.close();
    const again = await open(path, "resume");
    assertEquals(again.found, undefined);
    await again.log({ step: 1 });
    again.close();
    assertEquals(await Deno.readTextFile(join(path, "metrics.jsonl")), '{"step":1}\n');
  }));

/** A run of steps 3 to 5, the first of which is the best, and its files as they are. */
async function runOfThree(path: string): Promise<Map<string, Uint8Array>> {
  const folder = await open(path);
  for (const step of [3, 4, 5]) {
    await folder.log({ step });
    if (step === 3) await folder.save("best", TENSORS, { ...AT_STEP_3, step });
    await folder.save("last", TENSORS, { ...AT_STEP_3, step });
  }
  folder.close();
  return filesOf(path);
}

async function filesOf(path: string): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for (const folder of [path, join(path, "checkpoints")]) {
    for (const { name, isFile } of Deno.readDirSync(folder)) {
      if (isFile) files.set(name, await Deno.readFile(join(folder, name)));
    }
  }
  return files;
}

Deno.test("a run that has lost its last checkpoints never starts over unasked", () =>
  withRun(async (path) => {
    await runOfThree(path);
    const checkpoints = join(path, "checkpoints");
    for (const name of ["last", "previous"]) {
      await Deno.remove(join(checkpoints, `${name}.safetensors`));
    }
    const before = await filesOf(path);
    const error = await assertRejects(() => open(path, "resume"), InputError);
    assertStringIncludes(error.message, "last.safetensors: no such file");
    assertStringIncludes(error.message, "best.safetensors with --resume --best");
    assertEquals(await filesOf(path), before);

    await Deno.remove(join(checkpoints, "best.safetensors"));
    for (const existing of ["resume", "resume best"] as const) {
      const { message } = await assertRejects(() => open(path, existing), InputError);
      assertStringIncludes(message, "Start over with --force");
    }
    (await open(path, "replace")).close();
  }));

Deno.test("a run goes on from its best checkpoint when told to, and cuts the log back to it", () =>
  withRun(async (path) => {
    await runOfThree(path);
    const folder = await open(path, "resume best");
    folder.close();
    assertEquals(folder.found?.checkpoint.state.step, 3);
    assertEquals(await Deno.readTextFile(join(path, "metrics.jsonl")), '{"step":3}\n');
    // What was later is gone: with it the log would miss lines.
    const resumed = await open(path, "resume");
    resumed.close();
    assertEquals(resumed.found?.checkpoint.state.step, 3);
    await Deno.writeFile(resumed.lastPath, new Uint8Array(9));
    await assertRejects(() => open(path, "resume"), InputError, "no checkpoint to resume from");
  }));

Deno.test("a run whose best checkpoint is damaged or missing goes on from another, and is told how", () =>
  withRun(async (path) => {
    await runOfThree(path);
    const file = (name: string) => join(path, "checkpoints", `${name}.safetensors`);
    const message = async () =>
      (await assertRejects(() => open(path, "resume best"), InputError)).message;
    await Deno.truncate(file("best"), 9);
    const damaged = await message();
    assertStringIncludes(damaged, `no best checkpoint to resume from: ${file("best")}: `);
    assertStringIncludes(damaged, `Move it away and continue from ${file("last")} with --resume`);
    await Deno.remove(file("best"));
    assertStringIncludes(
      await message(),
      `best.safetensors: no such file. Continue from ${
        file("last")
      } with --resume alone, or start over`,
    );
    await Deno.remove(file("last"));
    assertStringIncludes(await message(), `Continue from ${file("previous")} with --resume alone`);
    await Deno.truncate(file("previous"), 9);
    assertStringIncludes(await message(), "no such file. Start over with --force");
  }));

Deno.test("going on from the best checkpoint a second time leaves no other name of it", () =>
  withRun(async (path) => {
    await runOfThree(path);
    for (let time = 0; time < 2; time++) (await open(path, "resume best")).close();
    const left = [...Deno.readDirSync(join(path, "checkpoints"))].map(({ name }) => name).sort();
    assertEquals(left, ["best.safetensors", "last.safetensors"]);
  }));

Deno.test("a last checkpoint that is damaged or gone gives way to the one before, and that is told", () =>
  withRun(async (path) => {
    await runOfThree(path);
    const last = join(path, "checkpoints", "last.safetensors");
    const bytes = await Deno.readFile(last);
    const flipped = bytes.slice();
    flipped[bytes.length >> 1] ^= 1;
    for (const damage of [flipped, bytes.subarray(1), bytes.subarray(0, -1), undefined]) {
      if (damage) await Deno.writeFile(last, damage);
      else await Deno.remove(last);
      const folder = await RunFolder.open(path, "resume");
      assertEquals(folder.found?.checkpoint.state.step, 4);
      assertStringIncludes(`${folder.found?.notices}`, "continues from the previous checkpoint");
      folder.close();
    }
    const folder = await open(path, "resume");
    await folder.log({ step: 5 });
    await folder.save("last", TENSORS, { ...AT_STEP_3, step: 5 });
    folder.close();
    assertEquals(await Deno.readFile(last), bytes);
    const left = [...Deno.readDirSync(join(path, "checkpoints"))].map(({ name }) => name).sort();
    assertEquals(left, ["best", "last", "previous"].map((name) => `${name}.safetensors`));
    assertEquals(
      (await readCheckpoint(join(path, "checkpoints", "previous.safetensors"))).state.step,
      4,
    );
    assertEquals(
      await Deno.readTextFile(join(path, "metrics.jsonl")),
      '{"step":3}\n{"step":4}\n{"step":5}\n',
    );
  }));

Deno.test("a log that is shorter than the checkpoint believes is told", () =>
  withRun(async (path) => {
    await runOfThree(path);
    await Deno.truncate(join(path, "metrics.jsonl"), 11);
    const folder = await RunFolder.open(path, "resume");
    folder.close();
    assertStringIncludes(`${folder.found?.notices}`, "has lost lines: it held 33 bytes or more");
  }));

Deno.test("a checkpoint whose weights are no numbers is not gone on from", () =>
  withRun(async (path) => {
    const folder = await open(path);
    const model = (value: number) =>
      new Map([["fc.weight", { shape: [1], data: Float32Array.of(value) }]]);
    for (const [step, value] of [[3, 1], [4, NaN]]) {
      await folder.save("last", { ...TENSORS, model: model(value) }, { ...AT_STEP_3, step });
    }
    folder.close();
    const resumed = await RunFolder.open(path, "resume");
    resumed.close();
    assertEquals(resumed.found?.checkpoint.state.step, 3);
    assertStringIncludes(`${resumed.found?.notices}`, "fc.weight holds NaN");
  }));

Deno.test("resuming cuts the metrics log back to the checkpoint and goes on there", () =>
  withRun(async (path) => {
    const folder = await open(path);
    assertEquals(folder.lastCheckpoint(), undefined);
    await folder.log({ step: 3 });
    await folder.save("last", TENSORS, AT_STEP_3);
    assertEquals(folder.lastCheckpoint(), folder.lastPath);
    await folder.log({ step: 4 });
    folder.close();

    const resumed = await open(path, "resume");
    assertEquals(resumed.found?.checkpoint.state, AT_STEP_3);
    await resumed.log({ step: 5 });
    await resumed.save("best", TENSORS, AT_STEP_3);
    resumed.close();
    const log = '{"step":3}\n{"step":5}\n';
    assertEquals(await Deno.readTextFile(join(path, "metrics.jsonl")), log);
    assertEquals((await readCheckpoint(folder.bestPath)).metricsBytes, log.length);
  }));

Deno.test("what a killed process left half written is removed", () =>
  withRun(async (path) => {
    (await open(path)).close();
    const checkpoints = join(path, "checkpoints");
    await Deno.writeTextFile(temporaryPath(join(checkpoints, "last.safetensors")), "half");
    await Deno.writeTextFile(join(checkpoints, ".mine.tmp"), "mine");
    (await open(path, "resume")).close();
    assertEquals([...Deno.readDirSync(checkpoints)].map(({ name }) => name), [".mine.tmp"]);
  }));

Deno.test("--force deletes what the run left and nothing else", () =>
  withRun(async (path) => {
    const folder = await open(path);
    await folder.save("last", TENSORS, AT_STEP_3);
    await folder.log({ step: 3 });
    folder.close();
    for (const mine of ["notes.txt", "checkpoints/notes.txt"]) {
      await Deno.writeTextFile(join(path, mine), "mine");
    }
    const forced = await open(path, "replace");
    forced.close();
    assertEquals(forced.found, undefined);
    assertEquals([...Deno.readDirSync(path)].map(({ name }) => name).sort(), [
      ".lock",
      "checkpoints",
      "config.yaml",
      "metrics.jsonl",
      "notes.txt",
      "timing.jsonl",
    ]);
    assertEquals(await Deno.readTextFile(join(path, "metrics.jsonl")), "");
    const kept = [...Deno.readDirSync(join(path, "checkpoints"))].map(({ name }) => name);
    assertEquals(kept, ["notes.txt"]);
  }));

Deno.test("a run that is under way is left alone", () =>
  withRun(async (path) => {
    const folder = await open(path);
    for (const existing of ["resume", "replace"] as const) {
      await assertRejects(() => open(path, existing), InputError, "under way");
    }
    folder.close();
    (await open(path, "replace")).close();
  }));

Deno.test("a run that was made since is left alone too", () =>
  withRun(async (path) => {
    for (const existing of ["refuse", "resume"] as const) {
      const late = await opened(path, existing, "seed: 1\n");
      const folder = await open(path);
      await folder.log({ step: 1 });
      folder.close();
      await assertRejects(() => late.start(), InputError, "already contains a run");
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
    const isLeft = async () => {
      for (const existing of ["refuse", "resume", "resume best", "replace"] as const) {
        await assertRejects(() => open(path, existing), InputError, "would be overwritten");
      }
      assertEquals(await Deno.readTextFile(config), "# mine\nseed: 1\n");
    };
    await isLeft();
    await Deno.remove(config);
    await runOfThree(path);
    await Deno.writeTextFile(config, "# mine\nseed: 1\n");
    const before = await filesOf(path);
    await isLeft();
    assertEquals(await filesOf(path), before);
    await Deno.rename(config, join(path, "mine.yaml"));
    (await open(path, "resume")).close();
  }));

Deno.test("a run changes nothing behind a link in the place of its folders, nor in a linked copy of its log", () =>
  withRun(async (path) => {
    await runOfThree(path);
    const other = join(path, "other");
    for (const folder of ["checkpoints", "folded"]) {
      const place = join(path, folder);
      await Deno.mkdir(place, { recursive: true });
      await Deno.rename(place, other);
      await Deno.symlink(other, place);
      for (const existing of ["resume", "replace"] as const) {
        await assertRejects(() => RunFolder.open(path, existing), InputError, `${place} is a link`);
      }
      await Deno.remove(place);
      await Deno.rename(other, place);
    }
    const log = join(path, "metrics.jsonl");
    const lines = await Deno.readTextFile(log) + '{"step":6}\n';
    await Deno.writeTextFile(log, lines);
    await Deno.link(log, other);
    const folder = await open(path, "resume");
    await folder.log({ step: 7 });
    folder.close();
    assertEquals(await Deno.readTextFile(other), lines);
    assertEquals(await Deno.readTextFile(log), lines.replace("6", "7"));
  }));

Deno.test("--force deletes nothing where no run has been", () =>
  withRun(async (path) => {
    for (const file of ["metrics.jsonl", "folded/model.safetensors"]) {
      await Deno.mkdir(join(path, "folded"), { recursive: true });
      await Deno.writeTextFile(join(path, file), "mine");
      await assertRejects(() => open(path, "replace"), InputError, "would be overwritten");
      assertEquals(await Deno.readTextFile(join(path, file)), "mine");
      await Deno.remove(path, { recursive: true });
    }
  }));

Deno.test("nothing is written or deleted before the start", () =>
  withRun(async (path) => {
    (await opened(path, "refuse")).close();
    await assertRejects(() => Deno.stat(path), Deno.errors.NotFound);
    const folder = await open(path);
    await folder.save("last", TENSORS, AT_STEP_3);
    folder.close();
    for (const existing of ["resume", "replace"] as const) {
      (await opened(path, existing, "seed: 1\n")).close();
      assertStringIncludes(await Deno.readTextFile(join(path, "config.yaml")), "seed: 0\n");
      assertEquals((await readCheckpoint(folder.lastPath)).state, AT_STEP_3);
    }
  }));

Deno.test("a checkpoint that cannot be written says that the run can go on", () =>
  withRun(async (path) => {
    const folder = await open(path);
    await Deno.remove(join(path, "checkpoints"));
    await Deno.writeTextFile(join(path, "checkpoints"), "a file");
    const error = await assertRejects(() => folder.save("last", TENSORS, AT_STEP_3), RunError);
    assertStringIncludes(error.message, "fix that, and the run can continue");
    folder.close();
  }));

Deno.test("a folder that cannot be written is the user's to mend", () =>
  withRun(async (path) => {
    (await open(path)).close();
    await Deno.remove(join(path, "metrics.jsonl"));
    await Deno.mkdir(join(path, "metrics.jsonl"));
    await assertRejects(() => open(path, "replace"), InputError, "is a folder");
    await Deno.remove(join(path, "metrics.jsonl"));
    await Deno.mkdir(join(path, "checkpoints", "last.safetensors"));
    await assertRejects(() => open(path, "resume"), InputError, "is a folder, and a run replaces");
    await Deno.remove(path, { recursive: true });
    await Deno.mkdir(join(path, "config.yaml"), { recursive: true });
    await assertRejects(() => open(path), InputError, "config.yaml is a folder");
  }));

Deno.test("a run replaces no links and pipes, and says so before it begins", () =>
  withRun(async (path) => {
    await runOfThree(path);
    const elsewhere = join(path, "mine");
    for (
      const file of ["checkpoints/best.safetensors", "metrics.jsonl", "config.yaml", ".lock"]
    ) {
      await Deno.rename(join(path, file), elsewhere);
      await Deno.symlink(elsewhere, join(path, file));
      for (const existing of ["resume", "replace"] as const) {
        await assertRejects(() => RunFolder.open(path, existing), InputError, "is no plain file");
      }
      await Deno.rename(elsewhere, join(path, file));
    }
    (await open(path, "resume")).close();
  }));

Deno.test("a folder that cannot be made is the user's to mend", () =>
  withRun(async (path) => {
    await Deno.writeTextFile(path, "a file");
    await assertRejects(() => RunFolder.open(path, "refuse"), InputError, "cannot be written");
  }));
