/**
 * A disk that fails at any call of a run: each file is then old or new, and the run can continue.
 */
import { assert, assertEquals } from "@std/assert";
import { basename, join } from "@std/path";
import { cpuBackend } from "../../backends/wasm/mod.ts";
import { foldModel } from "../../networks/fold.ts";
import { writeFoldedNetwork } from "../../networks/network_file.ts";
import { BatchLoader } from "../../datasets/loader.ts";
import { loadDataset } from "../../datasets/open.ts";
import { InputError, UserError } from "../../errors.ts";
import type { Disk } from "../../files/disk.ts";
import { buildModel } from "../../models/registry.ts";
import { imageInput } from "../../training/image_input.ts";
import { runTraining } from "../../training/loop.ts";
import { resolveRecipe } from "../../training/recipe.ts";
import { type ExistingRun, RUN_FILES, type RunFile, runFile } from "../../training/run_files.ts";
import { RunFolder, type RunIdentity } from "../../training/run_folder.ts";
import { RUN } from "../../training/run_options.ts";
import { TrainingSession } from "../../training/session.ts";
import { planSession } from "../../training/session_plan.ts";
import { FaultyDisk } from "../support/faulty_disk.ts";
import { sum } from "../../reporting/statistics.ts";
import { withFolder } from "../support/folder.ts";

const OPTIONS = {
  classes: 2,
  inputChannels: 1,
  inputSize: 4,
  layers: ["flatten", { linear: { outFeatures: 2, bias: false } }],
};

/**
 * Returns a function that trains 2 epochs of 2 steps as `train` does, but is compiled only once.
 */
async function prepare() {
  const { train, test, statistics, classNames } = await loadDataset({
    name: "synthetic",
    classes: 2,
    imageSize: 4,
    channels: 1,
    trainCount: 4,
    testCount: 2,
  });
  const model = buildModel("layers", OPTIONS);
  model.initialize(1);
  const description = {
    model: "layers",
    input: train.shape,
    normalization: statistics,
    classNames,
  };
  const recipe = resolveRecipe(
    model,
    { optimizer: { name: "sgd", learningRate: 0.1, momentum: 0.9 } },
    { classes: 2 },
  );
  const backend = cpuBackend({ threads: 1 });
  const plan = planSession(backend, {
    recipe,
    traceInput: imageInput(description),
    seed: 1,
    batchSize: 2,
    evaluationBatchSize: 2,
  });
  const session = await TrainingSession.create(backend, plan);
  const start = await session.snapshot();
  const batches = new BatchLoader(train, {
    batchSize: 2,
    seed: 1,
    shuffle: true,
    augmentation: [],
    workers: 0,
  });
  const validation = new BatchLoader(test, { batchSize: 2, workers: 0 });
  const { name, threads, numerics } = backend;
  const identity: RunIdentity = {
    description,
    architecture: { name: "layers", options: OPTIONS },
    config: null,
    seed: 1,
    backend: { name, threads, description: backend.description, numerics },
  };

  /** Trains to the end, or up to a step, and writes a folded network when it is done. */
  return async (path: string, disk: Disk, existing: ExistingRun, stopAt = Infinity) => {
    using folder = await RunFolder.open(path, existing, disk);
    folder.describe({ identity, configText: "seed: 1\n" });
    session.restore(folder.found?.checkpoint.tensors ?? start);
    const interruption = new AbortController();
    const { status } = await runTraining({
      ...RUN.schema.parse({ epochs: 2, batchSize: 2, logEvery: 1 }),
      session,
      data: {
        stepsPerEpoch: 2,
        async *batches(epoch, first) {
          for await (const batch of batches.epoch(epoch, first)) {
            yield { ...batch, part: 0, parts: 1, endsStep: true };
          }
        },
        validationBatches: () => validation.epoch(0),
      },
      schedule: () => ({ learningRate: 0.1 }),
      store: folder,
      observer: { step: ({ step }) => step >= stopAt && interruption.abort() },
      signal: interruption.signal,
      start: folder.found?.checkpoint.state,
    });
    if (status === "interrupted") return;
    model.loadStateDict((await session.snapshot()).model);
    await writeFoldedNetwork(folder.foldedPath, foldModel(model, description), disk);
  };
}

const run = await prepare();

/** A run that is stopped after its third step and resumed. */
async function runInTwoParts(path: string, disk: Disk): Promise<void> {
  await run(path, disk, "resume", 3);
  await run(path, disk, "resume");
}

/** The files of a run by kind, each byte a character, and all names in its folders. */
async function filesOf(path: string) {
  const files: Record<string, string> = {};
  const names: string[] = [];
  for (const folder of ["", "checkpoints", "folded"]) {
    const entries = await Array.fromAsync(Deno.readDir(join(path, folder))).catch(() => []);
    names.push(...entries.map(({ name }) => name));
  }
  for (const file of RUN_FILES) {
    const bytes = await Deno.readFile(runFile(path, file)).catch(() => undefined);
    if (bytes) files[file] = textOf(bytes);
  }
  return { files, names: names.sort() };
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}

/**
 * All but the previous checkpoint, which depends on where a run was stopped; of the timing, which
 * varies, only the number of images.
 */
function result({ previous: _, timing, ...files }: Record<string, string>) {
  const images = timing.trim().split("\n").map((line) => Number(JSON.parse(line).images));
  return { ...files, timing: String(sum(images)) };
}

Deno.test("a disk that writes a few bytes at a time gets all of them", () =>
  withFolder(async (outer) => {
    const [whole, slow] = [join(outer, "whole"), join(outer, "slow")];
    await run(whole, new FaultyDisk(), "resume");
    await run(slow, new FaultyDisk(Infinity, "early", 100), "resume");
    const [ofSlow, ofWhole] = [await filesOf(slow), await filesOf(whole)];
    assertEquals(result(ofSlow.files), result(ofWhole.files));
    assertEquals(ofSlow.names, ofWhole.names);
  }));

Deno.test("after a fault at any call each file is old or new, and the run continues to the same end", () =>
  withFolder(async (outer) => {
    const whole = join(outer, "whole");
    await run(whole, new FaultyDisk(), "resume");
    const uninterrupted = await filesOf(whole);
    const sound = new FaultyDisk();
    await runInTwoParts(join(outer, "parts"), sound);
    assertEquals(result((await filesOf(join(outer, "parts"))).files), result(uninterrupted.files));

    const path = join(outer, "run");
    for (const fault of ["early", "late"] as const) {
      for (let call = 1; call <= sound.calls; call++) {
        const place = `${fault} at call ${call} of ${sound.calls}`;
        const disk = new FaultyDisk(call, fault);
        const error = await runInTwoParts(path, disk).catch((error) => error);
        assert(error instanceof UserError, `${place}: ${error?.stack}`);

        const { metrics = "", timing = "", ...files } = (await filesOf(path)).files;
        assert(uninterrupted.files.metrics.startsWith(metrics), place);
        for (const log of [metrics, timing]) assert(/^$|\n$/.test(log), `${place}: ${log}`);
        for (const [file, text] of Object.entries(files)) {
          const versions = sound.versions.get(basename(runFile(path, file as RunFile)));
          assert(versions?.some((bytes) => textOf(bytes) === text), `${place}: ${file}`);
        }

        await run(path, new FaultyDisk(), "resume").catch((error) => {
          if (!(error instanceof InputError && error.message.includes("--force"))) throw error;
          return run(path, new FaultyDisk(), "replace");
        });
        const { files: last, names } = await filesOf(path);
        const ended: Record<string, string> = result(last);
        for (const [file, text] of Object.entries(result(uninterrupted.files))) {
          assert(ended[file] === text, `${place}: ${file} in the end\n${ended[file]}\n${text}`);
        }
        assertEquals(names.filter((name) => !uninterrupted.names.includes(name)), [], place);
        await Deno.remove(path, { recursive: true });
      }
    }
  }));
