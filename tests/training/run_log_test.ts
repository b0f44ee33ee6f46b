import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { cpuBackend } from "../../backends/wasm/mod.ts";
import { InputError } from "../../errors.ts";
import { readRunLog } from "../../training/run_log.ts";
import { RunFolder } from "../../training/run_folder.ts";
import { train } from "../../training/train.ts";
import { withFolder } from "../support/folder.ts";
import { tinyTraining } from "../support/tiny_training.ts";

const IDENTITY = {
  description: {
    model: "layers",
    input: { height: 6, width: 6, channels: 2 },
    normalization: { mean: [0, 0], std: [1, 1] },
    classNames: ["a", "b", "c"],
  },
  architecture: { name: "layers", options: { classes: 3 } },
  config: {},
  seed: 0,
  backend: { name: "cpu", threads: 1, description: "CPU" },
};

/** Starts or resumes a run in `path` and stops it after this many steps. */
async function trainInto(path: string, stopAfter = Infinity): Promise<void> {
  using folder = await RunFolder.open(path, "resume");
  folder.describe({ identity: IDENTITY, configText: "" });
  const stop = new AbortController();
  await train({
    ...await tinyTraining({ saveEverySteps: 3 }, cpuBackend({ threads: 1 })),
    store: folder,
    resume: folder.found?.checkpoint,
    signal: stop.signal,
    observer: {
      step: ({ step }) => {
        if (step >= stopAfter) stop.abort();
      },
    },
  });
}

Deno.test("a run's log has the metrics and timing of each epoch", () =>
  withFolder(async (run) => {
    await trainInto(run);
    const { epochs } = await readRunLog(run);
    assertEquals(epochs.map(({ epoch, step }) => [epoch, step]), [[1, 4], [2, 8]]);
    for (const { train, validation, time } of epochs) {
      assertEquals(Object.keys(train).includes("accuracy"), true);
      assertEquals(Object.keys(validation!), Object.keys(train));
      assertEquals(time!.images, 20);
      assertEquals(time!.seconds >= time!.validation + time!.dataWait, true);
      assertEquals(time!.memory > 2 ** 20, true);
    }
  }));

Deno.test("an epoch's time is counted once, however often the run was interrupted", () =>
  withFolder(async (run) => {
    await trainInto(run, 5);
    const timing = join(run, "timing.jsonl");
    const logged = await Deno.readTextFile(timing);
    // A run that is killed may have logged a time and not saved the position.
    await Deno.writeTextFile(
      timing,
      `${logged}{"step":7,"epoch":1,"seconds":1000,"images":2}\n{"ste`,
    );
    await trainInto(run);
    const { epochs } = await readRunLog(run);
    assertEquals(epochs.map(({ time }) => time!.images), [20, 20]);
    assertEquals(epochs[1].time!.seconds < 1000, true);
    assertEquals((await Deno.readTextFile(timing)).startsWith(logged), true);
  }));

Deno.test("only the last line of a log may be incomplete", () =>
  withFolder(async (run) => {
    const path = join(run, "metrics.jsonl");
    await Deno.writeTextFile(path, '{"event":"step","epoch":1,"step":2,"loss":0.5}\n{"event"');
    assertEquals(await readRunLog(run), {
      steps: [{ epoch: 1, step: 2, values: { loss: 0.5 } }],
      epochs: [],
    });
    await Deno.writeTextFile(path, '{"event"\n{"event":"step","epoch":1,"step":2}\n');
    await assertRejects(() => readRunLog(run), InputError, `${path}:1: this line`);
  }));

Deno.test("a folder without a log gives an empty log", () =>
  withFolder(async (run) => assertEquals(await readRunLog(run), { steps: [], epochs: [] })));
