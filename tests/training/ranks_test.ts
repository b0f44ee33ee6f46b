import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { referenceBackend } from "../../backends/reference/reference.ts";
import { webgpuBackend } from "../../backends/webgpu/mod.ts";
import { hasAdapter } from "../support/backends.ts";
import { cpuBackend } from "../../backends/wasm/mod.ts";
import type { ImageSource } from "../../datasets/image_source.ts";
import { loadDataset } from "../../datasets/open.ts";
import { type TrainOptions } from "../../training/train.ts";
import { MemoryStore } from "../support/memory_store.ts";
import { tinyDataset } from "../support/tiny_training.ts";
import { trainedOn } from "../support/trained_ranks.ts";

const tiny = await tinyDataset();
const alone = await trainedOn(1);

for (const size of [2, 4, 8]) {
  Deno.test(`${size} ranks train to the same bits as one`, async () => {
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

Deno.test("ranks train to the same bits with frozen layers, weighted classes and a scaled loss", async () => {
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
  name: "ranks on WebGPU train to the same bits as one",
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

Deno.test("ranks of two threads train to the same bits as one rank of two threads", async () => {
  const backend = () => cpuBackend({ threads: 2 });
  const [expected] = await trainedOn(1, {}, backend);
  for (const { weights } of await trainedOn(2, {}, backend)) {
    assertEquals(weights, expected.weights);
  }
});

Deno.test("a number of ranks that is no power of two trains to the same weights up to rounding", async () => {
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

Deno.test("ranks train on a double-precision backend", async () => {
  const [{ weights: expected }] = await trainedOn(1, {}, referenceBackend);
  for (const { weights } of await trainedOn(4, {}, referenceBackend)) {
    // Exchanged numbers are rounded to single precision.
    for (const [name, { data }] of expected) {
      const { data: own } = weights.get(name)!;
      Array.from(data, Number).forEach((value, i) =>
        assertAlmostEquals(Number(own[i]), value, 1e-4 * Math.max(1, Math.abs(value)), name)
      );
    }
  }
});

Deno.test("training stopped by any rank resumes on another number of ranks to the same bits", async () => {
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
      // Only the first rank has the checkpoint.
      resume: rank === 0 ? last : undefined,
      store: rank === 0 ? new MemoryStore(last.log) : undefined,
    }));
    assertEquals(resumed.weights, expected.weights);
    assertEquals(resumed.outcome, expected.outcome);
  }
});

Deno.test("stopping one rank during validation stops all ranks", async () => {
  const all = await trainedOn(2, ({ rank }) => {
    const controller = new AbortController();
    const { read } = tiny.test;
    const validation: ImageSource = {
      ...tiny.test,
      handle: undefined,
      read(...what) {
        // The images are also read before the start.
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

Deno.test("ranks out of time stop at the same step, by the clock of the first", async () => {
  const all = await trainedOn(2, ({ rank }) => ({ maxTime: rank === 0 ? 1e-9 : 1e9 }));
  for (const { outcome: { status, state } } of all) {
    assertEquals([status, state.step], ["out of time", 1]);
  }
});

Deno.test("metrics not computed from sums are the same for any number of ranks", async () => {
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

Deno.test("the first rank reports images that other ranks could not read", async () => {
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

Deno.test("a rank reads only its own images", async () => {
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
