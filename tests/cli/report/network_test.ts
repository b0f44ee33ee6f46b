import { assertAlmostEquals, assertEquals } from "@std/assert";
import { networkData } from "../../../cli/report/network.ts";
import type { Checkpoint } from "../../../checkpoints/checkpoint.ts";
import { START } from "../../../checkpoints/run_state.ts";
import { buildModel } from "../../../models/registry.ts";

/** A checkpoint of one convolution of this kind, its tensors changed by `change`. */
function checkpointOf(
  convolution: string,
  change: (tensors: Map<string, { data: Float32Array }>) => void = () => {},
): Checkpoint {
  const architecture = {
    name: "layers",
    options: {
      classes: 2,
      inputChannels: 3,
      inputSize: [6, 6],
      convolution,
      layers: [
        { convolution: { outChannels: 2, kernelSize: 3, padding: 1 } },
        "global_avg_pool2d",
        "flatten",
      ],
    },
  };
  const model = buildModel("layers", architecture.options as never);
  model.initialize(0);
  const tensors = model.stateDict();
  change(tensors);
  return {
    architecture: architecture as never,
    description: {
      model: "layers",
      input: { height: 6, width: 6, channels: 3 },
      normalization: { mean: [0, 0, 0], std: [1, 1, 1] },
      classNames: ["a", "b"],
    },
    config: undefined as never,
    seed: 0,
    backend: { name: "cpu", threads: 1, description: "" },
    state: START,
    metricsBytes: 0,
    tensors: { model: tensors, optimizer: new Map() },
  };
}

Deno.test("D's distance from the identity is relative to the norm of the identity", () => {
  const { factors, kernels } = networkData(checkpointOf("do_conv", (tensors) => {
    // The stored matrix of channel 1 is the identity, which doubles that channel's kernels.
    const { data } = tensors.get("0.D")!;
    for (let i = 0; i < 9; i++) data[81 + 10 * i] = 1;
    const { data: weight } = tensors.get("0.W")!;
    weight.fill(0);
    weight.fill(1, 0, 9);
    weight.fill(2, 9, 18);
  }));
  assertEquals(factors.map(({ path, channels }) => [path, channels]), [["0", 3]]);
  const [{ least, median, greatest, change }] = factors;
  assertEquals([least, median], [0, 0]);
  assertAlmostEquals(greatest, 1, 1e-6);
  // 9 ones and 9 twos: the twos become fours.
  assertAlmostEquals(change!, Math.sqrt(36) / Math.sqrt(9 + 36), 1e-6);
  assertEquals(kernels.map(({ name, shape, most }) => [name, shape, most]), [
    ["composed: 0.weight", [2, 3, 3, 3], 4],
    ["stored: 0.W", [2, 3, 3, 3], 2],
  ]);
  const bytes = [...Uint8Array.fromBase64(kernels[0].values)];
  assertEquals([bytes[0], bytes[9], bytes[18]], [128 + 32, 255, 128]);
});

Deno.test("kernels of branches are shown beside the kernel that they fold to", () => {
  const { kernels, factors, sizes } = networkData(checkpointOf("rep_vgg"));
  assertEquals(factors, []);
  assertEquals(kernels[0].name.startsWith("composed: "), true);
  assertEquals(kernels.slice(1).map(({ shape }) => shape[2]).sort(), [1, 3]);
  assertEquals(sizes.map(([name]) => name)[1], "Parameters in training");
});
