/** The form of the code changes no bit: all widths, as WebAssembly or native, give the same. */
import { RandomStream, STREAM } from "../../../graph/random.ts";
import { constant, input, output, trace } from "../../../graph/trace.ts";
import { buildModel, type BuildOptions } from "../../../models/registry.ts";
import { conv2d } from "../../../ops/conv2d.ts";
import { vectorJacobianProduct } from "../../../ops/gradients.ts";
import { tanh } from "../../../ops/tanh.ts";
import { imageInput } from "../../../training/image_input.ts";
import { resolveRecipe } from "../../../training/recipe.ts";
import { TrainingSession } from "../../../training/session.ts";
import { planSession } from "../../../training/session_plan.ts";
import { runBetweenCanaries } from "../../support/canaries.ts";
import { assertSameBits, cpuInEveryForm, EVERY_CPU_FORM } from "../../support/cpu_forms.ts";
import { FAMILIES } from "../../support/random_cases.ts";
import { casesOf } from "../../support/random_programs.ts";
import { someNumbers } from "../../support/run_module.ts";
import { narrow } from "../../support/run.ts";
import { TINY_MODEL } from "../../support/tiny_training.ts";

for (const family of Object.keys(FAMILIES)) {
  Deno.test(`random programs have the same bits in every form: ${family}`, () => {
    for (const { seed, found, program } of casesOf(family)) {
      const inputs = Object.fromEntries(
        found.inputs.map(({ data }, i) => [`x${i}`, narrow(data)]),
      );
      const relaxedSimd = seed % 2 === 0;
      const all = EVERY_CPU_FORM.map(({ form, wide }) =>
        runBetweenCanaries(program, inputs, { wide, relaxedSimd }, form) ?? {}
      );
      for (const name of Object.keys(all[0])) {
        const found = all.map((outputs) => outputs[name]);
        assertSameBits(found, `${name} of seed ${seed}`, EVERY_CPU_FORM);
      }
    }
  });
}

Deno.test("threads that share an image sum over the same rows in every form", async () => {
  const program = trace({ name: "shared" }, () => {
    const x = input("x", [5, 8, 12, 10]);
    const weight = constant([8, 8, 1, 1], someNumbers([8, 8, 1, 1]));
    const y = conv2d(x, weight);
    output("dWeight", vectorJacobianProduct([y], [tanh(y)], [weight])[0]);
  });
  const executable = await cpuInEveryForm({ threads: 2 }).compile([program]);
  await executable.run("shared", { x: someNumbers([5, 8, 12, 10]) });
  executable.dispose();
});

interface Training {
  readonly inputSize: number;
  readonly batchSize: number;
  readonly model: BuildOptions;
}

const DO_CONV: BuildOptions = { classes: 10, convolution: "do_conv" };
const NETWORKS: Readonly<Record<string, Training>> = {
  layers: { inputSize: 6, batchSize: 5, model: TINY_MODEL },
  // Large enough for Winograd's algorithm in both of its uses.
  cifar_resnet20_v1: { inputSize: 32, batchSize: 32, model: DO_CONV },
  cifar_resnet20_v2: { inputSize: 20, batchSize: 3, model: DO_CONV },
  // 1x1 convolutions of images that two threads share, hard activations, gates.
  mobilenet_v3_small: { inputSize: 40, batchSize: 5, model: { ...DO_CONV, widthMult: 0.1 } },
};

for (const [name, { inputSize, batchSize, model: options }] of Object.entries(NETWORKS)) {
  // The threads of a large network run the kernels that one thread runs.
  for (const threads of name === "layers" ? [1, 2] : [2]) {
    Deno.test(`training ${name} gives the same bits in every form, ${threads} thread(s)`, async () => {
      const { classes, inputChannels = 3 } = options;
      const model = buildModel(name, { ...options, inputSize });
      model.initialize(1);
      const perChannel = Array<number>(inputChannels).fill(0.5);
      const images = {
        input: { height: inputSize, width: inputSize, channels: inputChannels },
        normalization: { mean: perChannel, std: perChannel },
      };
      const backend = cpuInEveryForm({ threads });
      const plan = planSession(backend, {
        recipe: resolveRecipe(model, {
          optimizer: { name: "sgd", learningRate: 0.1, momentum: 0.9, weightDecay: 5e-4 },
          objective: { name: "classification", labelSmoothing: 0.1 },
          clip: { norm: 1 },
          ema: { decay: 0.9 },
        }, { classes }),
        traceInput: imageInput(images, { padding: 2 }),
        seed: 1,
        batchSize,
      });
      const session = await TrainingSession.create(backend, plan);
      const random = new RandomStream({ seed: 1, stream: STREAM.synthetic });
      const draw = (length: number, below: number) =>
        Array.from({ length }, () => random.integer(below));
      for (let step = 0; step < 3; step++) {
        const arrays = {
          pixels: Uint8Array.from(draw(batchSize * inputSize ** 2 * inputChannels, 256)),
          labels: Int32Array.from(draw(batchSize, classes)),
          transforms: Int32Array.from(draw(3 * batchSize, 2)),
        };
        await session.train({ arrays, count: batchSize }, { step }, { learningRate: 0.1 });
      }
      await session.snapshot();
      session.dispose();
    });
  }
}
