import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { hasAdapter } from "../support/backends.ts";
import {
  CACHE,
  type Finished,
  overfold,
  overfoldAfter,
  parseEvents,
  withTinyConfig,
} from "./cli.ts";

const CONFIG = `\
data:
  dataset:
    { name: synthetic, classes: 3, imageSize: 8, channels: 2, trainCount: 16, testCount: 8 }
  batchSize: 8
  evalBatchSize: 8
model:
  layers:
    - conv2d: { outChannels: 4, kernelSize: 3, padding: 1 }
    - global_avg_pool2d
    - flatten
    - linear: { outFeatures: 3 }
training: { epochs: 1, optimizer: { name: sgd, learningRate: 0.1 } }
`;

Deno.test({
  name: "tune stores the fastest kernels, which training uses; a damaged file gives a warning",
  ignore: !hasAdapter,
  fn: () =>
    withTinyConfig(async (folder) => {
      await Deno.writeTextFile(join(folder, CACHE), "no folder");
      const refused = await overfold(folder, "tune", "tiny.yaml", "--json");
      assertEquals([refused.code, refused.out], [2, ""], "before the first kernel");
      assertStringIncludes(refused.error, "cannot be written");
      await Deno.remove(join(folder, CACHE));

      const tuned = await overfold(folder, "tune", "tiny.yaml", "--json");
      assertEquals(tuned.code, 0, tuned.error);
      const kernels = parseEvents(tuned.out);
      assert(kernels.some(({ key }) => String(key).startsWith("conv2d 8x2x8x8 4x2x3x3")));

      const tunings = join(folder, CACHE, "webgpu");
      const [{ name }] = [...Deno.readDirSync(tunings)];
      const file = join(tunings, name);
      const kept = JSON.parse(await Deno.readTextFile(file)).kernels;
      assertEquals(kept, Object.fromEntries(kernels.map(({ key, fastest }) => [key, fastest])));

      const first = await train(folder), second = await train(folder);
      assertEquals(first.network, second.network, "the same file gives the same bits");
      assert(!first.error.includes("tuning"), first.error);

      await Deno.writeTextFile(file, "{");
      const { error } = await train(folder);
      assertStringIncludes(error, "warning: the tuning of");
      assertStringIncludes(error, "cannot be used");
    }, CONFIG),
});

Deno.test("tune without an adapter says so and exits with 2", () =>
  withTinyConfig(async (folder) => {
    const preload = new URL("../support/gpu_faults/no_adapter.ts", import.meta.url);
    const { code, error } = await overfoldAfter(preload, folder, "tune", "tiny.yaml");
    assertEquals(code, 2);
    assertStringIncludes(error, "no WebGPU adapter was found");
  }));

/** Trains from scratch on WebGPU. */
async function train(folder: string): Promise<Finished & { network: Uint8Array }> {
  const options = ["--set", "backend=webgpu", "--force"];
  const finished = await overfold(folder, "train", "tiny.yaml", ...options);
  assertEquals(finished.code, 0, finished.error);
  const network = join(folder, "runs", "tiny", "folded", "model.safetensors");
  return { ...finished, network: await Deno.readFile(network) };
}
