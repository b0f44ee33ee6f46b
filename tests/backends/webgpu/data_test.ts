import { preprocessOp } from "../../../ops/preprocess.ts";
import { dropoutMaskOp } from "../../../ops/dropout_mask.ts";
import { pack } from "../../../ops/pack.ts";
import { relu } from "../../../ops/relu.ts";
import { flatten, reshape } from "../../../ops/reshape.ts";
import { slice } from "../../../ops/slice.ts";
import { globalAvgPool2d } from "../../../ops/global_avg_pool2d.ts";
import { checkAgainstReference, checkOp, gpuTest, randomTensor } from "./gpu.ts";

gpuTest("pixels are cropped, flipped and normalized as in the reference", async () => {
  const padding = 2;
  const transforms = { shape: [3, 3], data: Int32Array.of(0, 4, 1, 2, 2, 0, 3, 1, 1) };
  for (const channels of [1, 3, 5]) {
    const shape = [3, 5, 7, channels];
    const data = Uint8Array.from({ length: 3 * 35 * channels }, (_, i) => (i * 37) % 256);
    const mean = Array.from({ length: channels }, (_, c) => 0.4 + 0.05 * c);
    const std = mean.map((value) => value / 2);
    await checkOp(preprocessOp, [{ shape, data }, transforms], { padding, mean, std });
    await checkOp(preprocessOp, [{ shape, data }], { padding: 0, mean, std });
  }
});

gpuTest("dropout draws the same numbers as the other backends", async () => {
  for (const step of [0, 1, -5, 123456789]) {
    const input = { shape: [], data: Int32Array.of(step) };
    await checkOp(dropoutMaskOp, [input], { shape: [2, 3, 5, 7], p: 0.3, stream: 4 }, 1e-7);
  }
});

gpuTest("views, packs and changes of layout agree with the reference", async () => {
  await checkAgainstReference(
    { x: randomTensor([2, 3, 4, 5]), y: randomTensor([11], 2), z: randomTensor([2, 6, 2, 2], 3) },
    ({ x, y, z }) => {
      const pooled = globalAvgPool2d(z);
      return {
        flat: relu(flatten(pooled)),
        packed: pack([relu(x), y, slice(y, 3, 5), relu(pooled)], [0, 122, 133, 140], 160),
        part: relu(slice(reshape(x, [-1]), 7, 50)),
      };
    },
  );
});
