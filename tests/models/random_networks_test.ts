/** Random small networks: a training step of every backend against the reference. */
import { referenceBackend } from "../../backends/reference/reference.ts";
import type { Backend } from "../../backends/backend.ts";
import { InputError } from "../../errors.ts";
import type { LayerSpec } from "../../layers/registry.ts";
import type { Module } from "../../layers/module.ts";
import { PARAMETERS } from "../../layers/state.ts";
import { buildModel } from "../../models/registry.ts";
import { resolveRecipe } from "../../training/recipe.ts";
import { contributionProgram, stepProgram } from "../../training/step_program.ts";
import { CONTRIBUTION } from "../../training/variables.ts";
import { testOnEveryBackend } from "../support/backends.ts";
import { disturb } from "../support/disturb.ts";
import { Draw } from "../support/draw.ts";
import { randomCount } from "../support/random_count.ts";
import { someNumbers } from "../support/run_module.ts";
import { uploadState } from "../support/state.ts";
import { assertWithin, deviation } from "../support/tolerance.ts";
import { scalarInputs, tensorInput, withLogits } from "../support/training_programs.ts";

const NETWORKS = randomCount(3);
const TOLERANCE = 1e-3;
const RECIPE = { optimizer: { name: "sgd", learningRate: 0.1, momentum: 0.9 } } as const;

interface RandomNetwork {
  readonly model: Module;
  readonly shape: readonly number[];
  readonly labels: Int32Array;
}

/** Options with which a convolution keeps the size of an image. */
const KEEPS_SIZE = { kernelSize: 3, stride: 1, padding: 1 };

/** One to three blocks of convolution, normalization, activation and pooling, and a classifier. */
function drawLayers(draw: Draw): LayerSpec[] {
  const blocks = Array.from({ length: draw.whole(1, 3) }, (): LayerSpec[] => {
    const options = {
      outChannels: 4 * draw.whole(1, 4),
      kernelSize: draw.one(1, 2, 3),
      stride: draw.one(1, 1, 2),
      padding: draw.whole(0, 1),
      groups: draw.one(1, 1, 2),
      bias: draw.one(false, true),
    };
    const pool = { kernelSize: 2, stride: draw.one(1, 2) };
    return [
      draw.one<LayerSpec>({ conv2d: options }, { do_conv2d: options }),
      ...draw.one<LayerSpec[]>([], ["batch_norm2d"]),
      draw.one("relu", "tanh", "relu6", "hard_swish", "silu", "gelu", "mish"),
      ...draw.one<LayerSpec[]>(
        [],
        [{ squeeze_excitation: { squeezeChannels: draw.whole(1, 4) } }],
        [{ residual: [{ convolution: { ...options, ...KEEPS_SIZE } }, "prelu", "layer_scale"] }],
        [{ branches: [[], ["sigmoid"], ["batch_norm2d"]] }],
      ),
      ...draw.one<LayerSpec[]>([], [{ max_pool2d: pool }], [{ avg_pool2d: pool }]),
    ];
  });
  return [
    ...blocks.flat(),
    ...draw.one<LayerSpec[]>(["flatten"], ["global_avg_pool2d", "flatten"]),
    { linear: { outFeatures: 3 } },
  ];
}

function* networks(): Generator<{ seed: number; network: RandomNetwork }> {
  let count = 0;
  for (let seed = 1; count < NETWORKS; seed++) {
    const draw = new Draw(seed);
    const [batch, channels, height, width] = [draw.whole(2, 4), ...draw.images(4).slice(1)];
    try {
      const model = buildModel("layers", {
        classes: 3,
        inputChannels: channels,
        inputSize: [height, width],
        layers: drawLayers(draw),
      });
      model.initialize(seed);
      const labels = Int32Array.from({ length: batch }, () => draw.whole(0, 2));
      yield { seed, network: { model: disturb(model), shape: [channels, height, width], labels } };
      count++;
    } catch (error) {
      // Small images do not fit every list of layers.
      if (!(error instanceof InputError)) throw error;
    }
  }
}

/** The outputs of a training step, and the parameters after it. */
async function trainStep(backend: Backend, { model, shape, labels }: RandomNetwork) {
  const recipe = withLogits(resolveRecipe(model, RECIPE, { classes: 3 }));
  const options = { recipe, traceInput: tensorInput(shape), batchSize: labels.length };
  const programs = [stepProgram(options), contributionProgram(options)];
  const executable = await backend.compile(programs);
  try {
    uploadState(recipe.layout, executable);
    const batch = { x: someNumbers([labels.length, ...shape]), labels };
    await executable.run("contribution", batch);
    const results = await executable.run("train", { ...batch, ...scalarInputs(recipe, 0, 0.1) });
    return {
      ...results,
      contribution: await executable.read(CONTRIBUTION),
      parameters: await executable.read(PARAMETERS),
    };
  } finally {
    executable.dispose();
  }
}

testOnEveryBackend("random networks train as the reference does", async (backend) => {
  for (const { seed, network } of networks()) {
    const expected: Record<string, Float32Array> = await trainStep(referenceBackend(), network);
    const actual: Record<string, Float32Array> = await trainStep(backend, network);
    assertWithin(
      Object.entries(expected).map(([name, values]) => ({
        name: `seed ${seed}, ${name}`,
        ...deviation(actual[name], values),
      })),
      TOLERANCE,
    );
  }
});
