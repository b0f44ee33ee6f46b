import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import type { Backend } from "../../backends/backend.ts";
import { referenceBackend } from "../../backends/reference/reference.ts";
import { webgpuBackend } from "../../backends/webgpu/mod.ts";
import { hasAdapter } from "../support/backends.ts";
import { cpuBackend } from "../../backends/wasm/mod.ts";
import type { ImageSource } from "../../datasets/image_source.ts";
import { loadDataset } from "../../datasets/open.ts";
import { InputError, RunError } from "../../errors.ts";
import type { StateDict } from "../../layers/module.ts";
import { ALONE, type Ranks } from "../../ranks/ranks.ts";
import type { TrainingOutcome } from "../../training/observer.ts";
import { isThrownByAll } from "../../training/agreement.ts";
import { CONTRIBUTION } from "../../training/variables.ts";
import { train, type TrainOptions } from "../../training/train.ts";
import { onRanks } from "../support/memory_ranks.ts";
import { MemoryStore } from "../support/memory_store.ts";
import { tinyDataset, tinyTraining } from "../support/tiny_training.ts";

/**
 * Of 20 images in steps of 16, in 8 shards of two: 2 epochs, the last step of each with 2 shards. With
 * crop, flip, erasing, mixing, dropout, clipping, averages, batch norm.
 */
const OPTIONS: Partial<TrainOptions> = {
  batchSize: 16,
  shards: 8,
  workers: 0,
  evaluationBatchSize: 2,
  logEvery: 1,
  logNorms: "parameters",
  saveEverySteps: 1,
};

interface Trained {
  readonly outcome: TrainingOutcome;
  readonly store: MemoryStore;
  readonly weights: StateDict;
}

/** What becomes of a training on each of some ranks. */
async function trainedOn(
  size: number,
  options: Partial<TrainOptions> | ((ranks: Ranks) => Partial<TrainOptions>) = {},
  backend: () => Backend = () => cpuBackend({ threads: 1 }),
): Promise<Trained[]> {
  const onRank = async (ranks: Ranks): Promise<Trained> => {
    const store = new MemoryStore();
    const own = typeof options === "function" ? options(ranks) : options;
    const training = await tinyTraining({ ...OPTIONS, ranks, ...own }, backend());
    const kept = ranks.rank === 0 ? { store: training.store ?? store } : {};
    const outcome = await train({ ...training, ...kept });
    return { outcome, store, weights: training.model.stateDict() };
  };
  return size === 1 ? [await onRank(ALONE)] : await onRanks(size, onRank);
}

const tiny = await tinyDataset();
const alone = await trainedOn(1);

for (const size of [2, 4, 8]) {
  Deno.test(`${size} ranks train to the bits of one`, async () => {
    const [expected] = alone;
    const all = await trainedOn(size);
    assertEquals(all[0].store.lines, expected.store.lines);
    assertEquals(all[0].store.saves, expected.store.saves);
    for (const { outcome, weights } of all) {
      assertEquals(outcome, expected.outcome);
      assertEquals(weights, expected.weights);
    }
  });
}

Deno.test("ranks train to the same bits what is frozen at first, with weighted classes and a scaled loss", async () => {
  const options: Partial<TrainOptions> = {
    freeze: { names: ["0"], epochs: 1 },
    objective: { name: "classification", classWeights: [0.3, 2, 1] },
    lossScale: { growthInterval: 2 },
    schedule: { name: "reduce_on_plateau", patience: 0 },
    mixing: { mixup: {}, mode: "batch" },
    sampling: "balanced",
    dropLast: true,
    epochs: 4,
  };
  const [expected] = await trainedOn(1, options);
  for (const size of [2, 4]) {
    const [found] = await trainedOn(size, options);
    assertEquals(found.store.lines, expected.store.lines);
    assertEquals(found.store.saves, expected.store.saves);
  }
});

Deno.test({
  name: "ranks train on WebGPU to the bits of one",
  ignore: !hasAdapter,
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const device = await webgpuBackend();
    const [expected] = await trainedOn(1, {}, () => device);
    for (const { weights } of await trainedOn(2, {}, () => device)) {
      assertEquals(weights, expected.weights);
    }
  },
});

Deno.test("ranks of two threads each train to the bits of one of two", async () => {
  const backend = () => cpuBackend({ threads: 2 });
  const [expected] = await trainedOn(1, {}, backend);
  for (const { weights } of await trainedOn(2, {}, backend)) {
    assertEquals(weights, expected.weights);
  }
});

Deno.test("a number of ranks that is no power of two trains to the same up to rounding", async () => {
  const options = { batchSize: 18, shards: 6 };
  const [{ weights: expected }] = await trainedOn(1, options);
  for (const { weights } of await trainedOn(3, options)) {
    for (const [name, { data }] of expected) {
      const { data: own } = weights.get(name)!;
      Array.from(data, Number).forEach((value, i) =>
        assertAlmostEquals(Number(own[i]), value, 1e-4 * Math.max(1, Math.abs(value)), name)
      );
    }
  }
});

Deno.test("ranks train on a backend that computes in double precision, too", async () => {
  const [{ weights: expected }] = await trainedOn(1, {}, referenceBackend);
  for (const { weights } of await trainedOn(4, {}, referenceBackend)) {
    // What is exchanged is rounded to single precision.
    for (const [name, { data }] of expected) {
      const { data: own } = weights.get(name)!;
      Array.from(data, Number).forEach((value, i) =>
        assertAlmostEquals(Number(own[i]), value, 1e-4 * Math.max(1, Math.abs(value)), name)
      );
    }
  }
});

Deno.test("a training that any rank is asked to stop goes on with others to the same bits", async () => {
  const [expected] = alone;
  const stopped = await trainedOn(4, ({ rank }) => {
    const controller = new AbortController();
    let begun = 0;
    const { read } = tiny.train;
    const source: ImageSource = {
      ...tiny.train,
      handle: undefined,
      read(...what) {
        if (rank === 2 && ++begun > 4) controller.abort();
        return read.call(tiny.train, ...what);
      },
    };
    return { train: source, signal: controller.signal };
  });
  const { status, state } = stopped[0].outcome;
  assertEquals(status, "interrupted");
  for (const { outcome } of stopped) assertEquals(outcome, stopped[0].outcome);
  assert(state.step > 0 && state.step < 4);
  const { last } = stopped[0].store;
  assert(last);
  for (const size of [1, 2]) {
    const [resumed] = await trainedOn(size, ({ rank }) => ({
      // Only the first one has the checkpoint.
      resume: rank === 0 ? last : undefined,
      store: rank === 0 ? new MemoryStore(last.log) : undefined,
    }));
    assertEquals(resumed.weights, expected.weights);
    assertEquals(resumed.outcome, expected.outcome);
  }
});

Deno.test("a validation can be stopped on all ranks at once", async () => {
  const all = await trainedOn(2, ({ rank }) => {
    const controller = new AbortController();
    const { read } = tiny.test;
    const validation: ImageSource = {
      ...tiny.test,
      handle: undefined,
      read(...what) {
        // The images are looked at before the start, too.
        if (rank === 1 && ++validated > tiny.test.count) controller.abort();
        return read.call(tiny.test, ...what);
      },
    };
    let validated = 0;
    return { validation, signal: controller.signal };
  });
  for (const { outcome: { status, state } } of all) {
    assertEquals([status, state.epoch, state.batch], ["interrupted", 0, 2]);
  }
});

Deno.test("ranks whose time is over stop at the same step, by the clock of the first", async () => {
  const all = await trainedOn(2, ({ rank }) => ({ maxTime: rank === 0 ? 1e-9 : 1e9 }));
  for (const { outcome: { status, state } } of all) {
    assertEquals([status, state.step], ["out of time", 1]);
  }
});

Deno.test("metrics that no sums tell are the same for any number of ranks", async () => {
  const options: Partial<TrainOptions> = { objective: "multi_label", mixing: undefined };
  const { train, test } = await loadDataset({
    name: "synthetic_multi_label",
    classes: 3,
    imageSize: 6,
    channels: 2,
    trainCount: 20,
    testCount: 7,
  });
  const [expected] = await trainedOn(1, { ...options, train, validation: test });
  assert(expected.outcome.state.validation!.meanAveragePrecision > 0);
  const [found] = await trainedOn(4, { ...options, train, validation: test });
  assertEquals(found.store.lines, expected.store.lines);
});

Deno.test("the first rank hears of images that others could not read", async () => {
  const heard: unknown[] = [];
  await trainedOn(2, ({ rank }) => ({
    train: {
      ...tiny.train,
      handle: undefined,
      read: (...what) => tiny.train.read(...what),
      complaints: () => [`picture ${rank} is broken`],
    },
    observer: rank === 0 ? { epoch: ({ complaints }) => heard.push(complaints) } : undefined,
    epochs: 1,
  }));
  assertEquals(heard, [["rank 0: picture 0 is broken", "rank 1: picture 1 is broken"]]);
});

Deno.test("a rank reads its own images alone", async () => {
  const read: number[] = Array(4).fill(0);
  await trainedOn(4, ({ rank }) => {
    const source: ImageSource = {
      ...tiny.train,
      handle: undefined,
      reads: [],
      read(...what) {
        read[rank]++;
        return tiny.train.read(...what);
      },
    };
    return { train: source, epochs: 1, validation: undefined };
  });
  // Of 20 images in 16 and 4.
  assertEquals(read, [8, 4, 4, 4]);
});

for (
  const [what, options] of Object.entries({
    "epochs: 2 on ranks 0, 1, 3, 3 on rank 2": { epochs: 3 },
    "seed: 3 on ranks 0, 1, 3, 4 on rank 2": { seed: 4 },
    "images to train on: 20 images": { train: (await tinyDataset()).test.slice(0, 7) },
    "backend: cpu": { backend: referenceBackend() },
    "optimizer:": { optimizer: { name: "sgd", learningRate: 1 } },
  } as Record<string, Partial<TrainOptions>>)
) {
  Deno.test(`ranks that would not train the same say so: ${what}`, async () => {
    const error = await assertRejects(
      () => trainedOn(4, ({ rank }) => rank === 2 ? options : {}),
      InputError,
      what,
    );
    assert(isThrownByAll(error));
  });
}

Deno.test("programs that some ranks cannot compile are told by all as one", async () => {
  const backend = (isFull: boolean): Backend => {
    const cpu = cpuBackend({ threads: 1 });
    const compile = () => Promise.reject(new RunError("no room"));
    return isFull ? { ...cpu, compile } : cpu;
  };
  const error = await assertRejects(
    () => trainedOn(4, ({ rank }) => ({ backend: backend(rank % 2 === 1) })),
    RunError,
    "rank 1, rank 3: no room",
  );
  assert(isThrownByAll(error));
});

Deno.test("weights that come apart are noticed at the end of the epoch", async () => {
  const backend = (isWrong: boolean): Backend => {
    const cpu = cpuBackend({ threads: 1 });
    return {
      ...cpu,
      name: cpu.name,
      async compile(programs) {
        const executable = await cpu.compile(programs);
        return {
          run: (...what) => executable.run(...what),
          read: (...what) => executable.read(...what),
          write(name, data, offset) {
            // As a bit that falls over in the memory of one machine.
            if (isWrong && name === CONTRIBUTION) data[0] += 1;
            executable.write(name, data, offset);
          },
          profile: (...what) => executable.profile(...what),
          dispose: () => executable.dispose(),
        };
      },
    };
  };
  await assertRejects(
    () => trainedOn(4, ({ rank }) => ({ backend: backend(rank === 2) })),
    RunError,
    "after step 2 the weights of rank 2 are not those of rank 0",
  );
});

Deno.test("a loss that is no number ends the training of all ranks", async () => {
  const learningRate = 1e38;
  const error = await assertRejects(
    () => trainedOn(4, { optimizer: { name: "sgd", learningRate }, clip: undefined }),
    RunError,
    "diverged",
  );
  assert(isThrownByAll(error));
});
