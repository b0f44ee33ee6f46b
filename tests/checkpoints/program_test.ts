/** Stored programs are input: whatever one says, it is refused, or it runs within its buffers. */
import { assert } from "@std/assert";
import { referenceBackend } from "../../backends/reference/reference.ts";
import { foldModel } from "../../checkpoints/fold.ts";
import { type FoldedNetwork, networkProgram } from "../../checkpoints/network.ts";
import { InputError } from "../../errors.ts";
import { buildModel } from "../../models/registry.ts";
import { runBetweenCanaries } from "../support/canaries.ts";
import { mutateNetwork } from "../support/mutate_program.ts";
import { Draw } from "../support/random_cases.ts";

/** Folded networks that together hold most ops of inference. */
const NETWORKS = [
  folded("layers", 10, 8, {
    layers: [
      { conv2d: { outChannels: 4, kernelSize: 3, padding: 1, paddingMode: "reflect" } },
      "relu",
      { max_pool2d: { kernelSize: 2, padding: 1, ceilMode: true } },
      {
        conv2d: {
          outChannels: 8,
          kernelSize: [3, 1],
          groups: 2,
          stride: 2,
          dilation: 2,
          padding: 2,
        },
      },
      "tanh",
      { avg_pool2d: { kernelSize: 2, stride: 1, padding: 1, countIncludePad: false } },
      "flatten",
      { linear: { outFeatures: 6 } },
      "relu",
      { linear: { outFeatures: 3 } },
    ],
  }),
  folded("cifar_resnet20_v2", 6, 6, { width: 4 }),
];

function folded(model: string, height: number, width: number, options: object): FoldedNetwork {
  const built = buildModel(model, { classes: 3, inputSize: [height, width], ...options });
  built.initialize(1);
  return foldModel(built, {
    model,
    input: { height, width, channels: 3 },
    normalization: { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
    classNames: ["a", "b", "c"],
  });
}

/** Elements of a tensor above which the reference takes too long for a test. */
const MAX_ELEMENTS = 2 ** 16;

Deno.test("a stored program that was changed is refused, or runs within its buffers", async () => {
  let refused = 0, ran = 0;
  for (let seed = 0; seed < 400; seed++) {
    const network = mutateNetwork(NETWORKS[seed % 8 === 0 ? 1 : 0], new Draw(seed));
    try {
      const batchSize = 1 + seed % 3;
      const program = networkProgram(network, batchSize);
      const largest = Math.max(
        ...program.nodes.flatMap(({ outputs }) =>
          outputs.map(({ shape }) => shape.reduce((a, b) => a * b, 1))
        ),
      );
      if (largest > MAX_ELEMENTS) continue;
      const { height, width, channels } = network.description.input;
      const pixels = new Uint8Array(batchSize * height * width * channels).map((_, i) => i * 7);
      if (!runBetweenCanaries(program, { pixels }, { wide: 1, relaxedSimd: false })) continue;
      const reference = await referenceBackend().compile([program]);
      await reference.run(program.name, { pixels });
      ran++;
    } catch (error) {
      if (!(error instanceof InputError)) {
        throw new Error(`seed ${seed}: ${error}`, { cause: error });
      }
      refused++;
    }
  }
  assert(refused > 200 && ran > 30, `${refused} refused, ${ran} ran`);
});
