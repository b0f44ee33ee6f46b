import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import type { Backend } from "../../backends/backend.ts";
import { referenceBackend } from "../../backends/reference/reference.ts";
import { buildModel } from "../../models/registry.ts";
import { train, type TrainOptions } from "../../training/train.ts";
import { testOnEveryBackend } from "../support/backends.ts";
import { MemoryStore } from "../support/memory_store.ts";
import { assertResumesExactly } from "../support/resumes.ts";
import { TINY_MODEL, tinyTraining } from "../support/tiny_training.ts";

/** A training's logged steps, all its losses and its final weights. */
async function trained(options: Partial<TrainOptions>, backend?: Backend) {
  const store = new MemoryStore();
  const model = buildModel("layers", TINY_MODEL);
  model.initialize(1);
  const losses: number[] = [];
  const step = ({ loss }: { readonly loss: number }) => losses.push(loss);
  await train(
    await tinyTraining({ model, store, workers: 0, observer: { step }, ...options }, backend),
  );
  const lines = store.lines.map((line) => JSON.parse(line));
  return {
    steps: lines.filter(({ event }) => event === "step"),
    losses,
    tensors: store.last!.tensors,
  };
}

/** Trainings whose steps are programs of each kind. */
const KINDS: Readonly<Record<string, Partial<TrainOptions>>> = {
  "clipping and averages": {},
  "accumulation": { accumulate: 2, batchSize: 3 },
  "a scaled loss": { lossScale: {} },
  "frozen beginning": { freeze: { names: ["0", "1"], epochs: 1 }, mixing: undefined },
  "several rates": {
    optimizer: { name: "sgd", learningRate: 0.1, momentum: 0.9 },
    learningRates: [{ names: "6", factor: 3 }],
  },
};

for (const [kind, options] of Object.entries(KINDS)) {
  // WebGPU compiles shaders for seconds: there one kind, with the most programs, stands for all.
  const isOn = (backend: string) => backend !== "webgpu" || kind === "frozen beginning";
  testOnEveryBackend(`logging norms changes no bit: ${kind}`, async (backend) => {
    const plain = await trained(options, backend);
    const found = await trained({ ...options, logNorms: "parameters" }, backend);
    assertEquals(found.losses, plain.losses);
    assertEquals(found.tensors, plain.tensors);
    assert(plain.steps.every((line) => !("gradientNorm" in line)));
    assertEquals(found.steps.map(({ loss }) => loss), plain.steps.map(({ loss }) => loss));
  }, isOn);
}

Deno.test("norms of single parameters make up the norm of all", async () => {
  const { steps } = await trained({ logNorms: "parameters" });
  assertEquals(steps.length, 4);
  for (
    const { gradientNorm, parameterNorm, gradientNorms, parameterNorms, updateRatios } of steps
  ) {
    const names = ["0.W", "0.D", "6.weight", "0.bias", "1.weight", "1.bias", "6.bias"];
    for (const norms of [gradientNorms, parameterNorms, updateRatios]) {
      assertEquals(Object.keys(norms).toSorted(), names.toSorted());
    }
    const together = (norms: Record<string, number>) => Math.hypot(...Object.values(norms));
    assertAlmostEquals(together(gradientNorms), gradientNorm, 1e-6 * gradientNorm);
    assertAlmostEquals(together(parameterNorms), parameterNorm, 1e-6 * parameterNorm);
  }
});

Deno.test("norms of single parameters are logged only on request", async () => {
  const { steps } = await trained({ logNorms: true });
  for (const line of steps) {
    assertEquals(Object.keys(line).slice(-3), ["gradientNorm", "parameterNorm", "updateRatio"]);
    assert(line.gradientNorm > 0 && line.parameterNorm > 0 && line.updateRatio > 0);
  }
});

Deno.test("frozen parameters have no norms until they are released", async () => {
  const { steps } = await trained({ ...KINDS["frozen beginning"], logNorms: "parameters" });
  const named = steps.map(({ gradientNorms }) => Object.keys(gradientNorms).length);
  assertEquals(named, [2, 2, 7, 7]);
});

Deno.test("the logged gradient norm is unaffected by loss scaling and clipping", async () => {
  const options = { ema: undefined, epochs: 1, logEvery: 1, logNorms: true } as const;
  const clipped = await trained({ ...options, clip: { norm: 1e-3 } });
  const free = await trained({ ...options, clip: undefined, lossScale: { initialScale: 256 } });
  assertEquals(clipped.steps[0].gradientNorm, free.steps[0].gradientNorm);
});

Deno.test("a non-finite gradient has no norm, and the skipped step changes nothing", async () => {
  const { steps } = await trained({
    epochs: 1,
    logEvery: 1,
    lossScale: { initialScale: 1e39 },
    logNorms: true,
  });
  assertEquals(steps[0].gradientNorm, null);
  assertEquals(steps[0].updateRatio, 0);
});

Deno.test("a parameter that is zero has no update ratio", async () => {
  const { steps } = await trained({ logEvery: 1, logNorms: "parameters" }, referenceBackend());
  assertEquals([steps[0].parameterNorms["0.D"], steps[0].updateRatios["0.D"]], [0, null]);
  assert(steps[1].updateRatios["0.D"] > 0);
});

Deno.test("a resumed training logs the norms of an uninterrupted one", async () => {
  await assertResumesExactly({ logNorms: "parameters" });
});
