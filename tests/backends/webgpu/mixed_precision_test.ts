import { assert, assertEquals, assertRejects } from "@std/assert";
import { fromFileUrl } from "@std/path";
import type { Backend } from "../../../backends/backend.ts";
import { webgpuBackend } from "../../../backends/webgpu/mod.ts";
import { InputError } from "../../../errors.ts";
import { input, output, trace } from "../../../graph/trace.ts";
import { relu } from "../../../ops/relu.ts";
import { sum } from "../../../ops/sum.ts";
import { conv2d } from "../../../ops/conv2d.ts";
import { train } from "../../../training/train.ts";
import { Fixture } from "../../support/fixture.ts";
import { withProperties } from "../../support/gpu_faults/adapter.ts";
import { KINDS } from "../../support/kinds.ts";
import { MemoryStore } from "../../support/memory_store.ts";
import { isThorough } from "../../support/random_count.ts";
import { tinyTraining } from "../../support/tiny_training.ts";
import { assertWithin, deviation } from "../../support/tolerance.ts";
import { gpuBackend } from "./gpu.ts";

const adapter = await navigator.gpu?.requestAdapter();
const hasHalf = adapter?.features.has("shader-f16") ?? false;
if (adapter && !hasHalf) console.warn("SKIPPED: mixed precision; the adapter lacks shader-f16");

let backend: Promise<Backend> | undefined;

/** A test that is skipped if the adapter has no 16-bit floats. */
function halfTest(
  name: string,
  run: (mixed: Backend) => Promise<void>,
  ignore = false,
): void {
  Deno.test({
    name,
    ignore: ignore || !hasHalf,
    // The device outlives the test that opened it.
    sanitizeOps: false,
    sanitizeResources: false,
    fn: async () => run(await (backend ??= webgpuBackend({ precision: "mixed" }))),
  });
}

const FIXTURES = new URL("../../fixtures/", import.meta.url);
// One of each kind and of each family of kernels.
const LAYERS = [
  "ops/add_4d",
  "ops/avg_pool_k3_s2_p1_exclude_pad",
  "ops/batch_norm_eval_4d",
  "ops/batch_norm_train_4d",
  "ops/conv2d_k1x1",
  "ops/conv2d_k3x3_depthwise_stride2_pad1",
  "ops/conv2d_k3x3_groups2_pad1",
  "ops/conv2d_k3x3_reflect_pad1x2",
  "ops/conv2d_k5x5_pad2",
  "ops/global_avg_pool_2x5x7x7",
  "ops/linear_5x12_to_7",
  "ops/max_pool_k3_s2_p1_ties",
  "ops/relu_4d",
  "ops/softmax_cross_entropy_hard",
  "do_conv/k3x3_groups2_pad1",
  "do_conv/k5x5_dmul50_stride2_pad2",
  "folding/mnist_fused_example_trained",
];

async function checkFixture(name: string, mixed: Backend) {
  const fixture = await Fixture.read(
    fromFileUrl(new URL(`${name}.safetensors`, FIXTURES)),
    name,
  );
  await KINDS[fixture.kind].check(fixture, mixed);
  return fixture.comparisons();
}

for (const name of LAYERS) {
  halfTest(
    `fixture ${name} passes with 16-bit feature maps`,
    async (mixed) => assertWithin(await checkFixture(name, mixed), 2e-2),
  );
}

// Rounding flips ReLUs. Each flip changes elements of a gradient, and of D, which starts at zero and
// equals its gradient, by up to tenths; float64 with feature maps rounded to 16 bits does the same.
const MODEL = "models/cifar_resnet8_v1_do";
halfTest(
  `fixture ${MODEL} passes except for single elements of gradients`,
  async (mixed) => {
    const found = await checkFixture(MODEL, mixed);
    const compared = found.filter(({ name }) => !/^grad\/|\.D$/.test(name));
    assert(compared.length > 1);
    assertWithin(compared, 2e-2);
  },
  // Compiling its shaders takes half a minute on a software adapter.
  !isThorough,
);

halfTest(
  "feature maps take half the memory and overflow to infinity",
  async (mixed) => {
    const program = trace({ name: "test" }, () => {
      const x = input("x", [1, 4, 64, 64]), kernel = input("kernel", [4, 4, 1, 1]);
      const y = relu(conv2d(conv2d(x, kernel), kernel));
      output("map", relu(y));
      output("sum", sum(y));
    });
    const full = await gpuBackend();
    assert(mixed.plan([program]).totalBytes < full.plan([program]).totalBytes);
    const executable = await mixed.compile([program]);
    const x = new Float32Array(4 * 64 * 64);
    x.set([1, 65504, 65520, 1e30, NaN]);
    const kernel = new Float32Array(16);
    for (let c = 0; c < 4; c++) kernel[5 * c] = 1;
    const { map } = await executable.run("test", { x, kernel });
    executable.dispose();
    assertEquals([...map.subarray(0, 6)], [1, 65504, Infinity, Infinity, NaN, 0]);
  },
);

/** The losses of a tiny training's steps, and its last checkpoint. */
async function lossesOn(backend: Backend, options: Parameters<typeof tinyTraining>[0] = {}) {
  const losses: number[] = [];
  const store = new MemoryStore();
  const given = await tinyTraining({
    store,
    observer: { step: ({ loss }) => losses.push(loss) },
    ...options,
  }, backend);
  await train(given);
  return { losses, store, model: given.model };
}

halfTest("training losses agree with those in full precision", async (mixed) => {
  const half = await lossesOn(mixed);
  const full = await lossesOn(await gpuBackend());
  assertWithin([{ name: "losses", ...deviation(half.losses, full.losses) }], 2e-2);
  assert(half.losses.some((loss, i) => loss !== full.losses[i]));
  assertEquals(half.store.last?.tensors.lossScale, Float32Array.of(65536, 8));
});

halfTest("a scale too large for 16 bits skips steps until it fits", async (mixed) => {
  const initialScale = 2 ** 26;
  const { store, losses } = await lossesOn(mixed, { lossScale: { initialScale }, epochs: 4 });
  const [scale, steps] = store.last?.tensors.lossScale ?? [];
  assert(scale < initialScale && scale > 1, `the scale is ${scale}`);
  assert(steps > 0, "the last step was skipped too");
  assert(losses.every(Number.isFinite));
});

halfTest("training in mixed precision resumes exactly", async (mixed) => {
  const lossScale = { initialScale: 2 ** 26, growthInterval: 2 };
  const uninterrupted = await lossesOn(mixed, { lossScale, saveEverySteps: 3 });
  const position = uninterrupted.store.saves.find(({ state }) => state.step === 3);
  assert(position);
  const rest = new MemoryStore(position.log);
  await lossesOn(mixed, { lossScale, saveEverySteps: 3, store: rest, resume: position });
  assertEquals(rest.last, uninterrupted.store.last);
});

Deno.test({
  name: "an adapter without 16-bit floats is refused",
  ignore: !adapter,
  fn: async () => {
    const gpu = withProperties(navigator.gpu, {
      requestAdapter: async () => {
        const found = await navigator.gpu.requestAdapter();
        return found && withProperties(found, { features: new Set() });
      },
    });
    await assertRejects(
      () => webgpuBackend({ gpu, precision: "mixed" }),
      InputError,
      "needs the WebGPU feature shader-f16",
    );
  },
});
