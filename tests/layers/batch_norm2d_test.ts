import { assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { InputError } from "../../errors.ts";
import { BatchNorm2d } from "../../layers/batch_norm2d.ts";
import { runModule } from "../support/run_module.ts";

Deno.test("training updates the running statistics, with the unbiased variance, and the counter", async () => {
  const norm = new BatchNorm2d(1, { momentum: 0.25 });
  norm.initialize(0);
  await runModule(norm, [4, 1], { x: Float32Array.of(1, 2, 3, 6), training: true });
  assertAlmostEquals(norm.runningMean.data[0], 0.25 * 3, 1e-6);
  assertAlmostEquals(norm.runningVar.data[0], 0.75 + 0.25 * 14 / 3, 1e-6);
  assertEquals([...norm.numBatchesTracked.data], [1]);
});

Deno.test("inference uses the running statistics and does not change them", async () => {
  const norm = new BatchNorm2d(2, { eps: 0 });
  norm.initialize(0);
  norm.runningMean.data.set([1, 2]);
  norm.runningVar.data.set([4, 9]);
  norm.weight?.data.set([1, 2]);
  norm.bias?.data.set([0, 1]);
  const before = norm.stateDict();
  const y = await runModule(norm, [1, 2, 1, 1], { x: Float32Array.of(3, 5) });
  assertEquals([...y], [1, 3]);
  assertEquals(norm.stateDict(), before);
});

Deno.test("training with one value per channel is refused", async () => {
  const norm = new BatchNorm2d(3);
  await assertRejects(
    () => runModule(norm, [1, 3, 1, 1], { training: true }),
    InputError,
    "one value per channel",
  );
});

Deno.test("without affine there are no trained parameters", () => {
  const norm = new BatchNorm2d(3, { affine: false });
  assertEquals([...norm.namedParameters().values()].filter(({ trainable }) => trainable), []);
});
