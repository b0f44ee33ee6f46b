/** The programs whose code is recorded: whole networks, and every op alone. */
import { dirname, fromFileUrl, join } from "@std/path";
import { isLeaf } from "../../graph/leaves.ts";
import { apply, input, output, trace } from "../../graph/trace.ts";
import type { GraphNode, Op, Program, Shape, TensorType } from "../../graph/types.ts";
import type { Module } from "../../layers/module.ts";
import { buildModel } from "../../models/registry.ts";
import { foldModel } from "../../networks/fold.ts";
import { networkProgram } from "../../networks/network.ts";
import { conv2dInputGradientOp, conv2dOp, conv2dWeightGradientOp } from "../../ops/conv2d.ts";
import { OPS } from "../../ops/registry.ts";
import { imageInput } from "../../training/image_input.ts";
import { type Recipe, resolveRecipe } from "../../training/recipe.ts";
import { evaluationProgram, stepProgram } from "../../training/step_program.ts";
import { convolutionOutput, CONVOLUTIONS } from "../support/convolutions.ts";
import { Fixture } from "../support/fixture.ts";
import { buildFixtureModel, modelSchema } from "../support/model_case.ts";
import { FAMILIES } from "../support/random_cases.ts";
import { casesOf } from "../support/random_programs.ts";

/** Programs compiled together. */
export interface Compilation {
  /** Which part of its subject it is, such as `training`. Default: one of its cases. */
  readonly part?: string;
  readonly programs: readonly Program[];
  /** Whether it scales its loss, as training in mixed precision does. Default: either way. */
  readonly mixed?: boolean;
}

/** A network or an op. */
export interface Subject {
  readonly name: string;
  /** Whether it is recorded in every form and with all kernel variants. Default: the usual ones. */
  readonly everyForm?: boolean;
  /** Traces the programs. */
  compilations(): Promise<readonly Compilation[]> | readonly Compilation[];
}

const RECIPE: Recipe = {
  optimizer: { name: "sgd", learningRate: 0.1, momentum: 0.9, nesterov: true, weightDecay: 5e-4 },
  objective: { name: "classification", labelSmoothing: 0.1 },
  clip: { norm: 1 },
  ema: { decay: 0.99 },
};

/** Training with evaluation, and folded inference, on images [C, H, W]. */
function networkCompilations(
  model: Module,
  [channels, height, width]: Shape,
  classes: number,
  batchSize: number,
): Compilation[] {
  // Equal constants share memory, so all tensors differ; drawing them would take longer.
  [...model.namedParameters().values()].forEach(({ data }, i) => data.fill(1 + i / 1024));
  const perChannel = (value: number) => Array<number>(channels).fill(value);
  const images = {
    input: { height, width, channels },
    normalization: { mean: perChannel(0.5), std: perChannel(0.25) },
  };
  const training = (options: Recipe) => {
    const recipe = resolveRecipe(model, options, { classes });
    const batch = { recipe, traceInput: imageInput(images, { padding: 4 }), batchSize };
    return [stepProgram(batch), evaluationProgram(batch)];
  };
  const classNames = Array.from({ length: classes }, (_, i) => `${i}`);
  const inference = (batchNorm: boolean) => {
    const network = foldModel(model, { model: "golden", ...images, classNames }, { batchNorm });
    return [networkProgram(network, batchSize)];
  };
  return [
    { part: "training", programs: training(RECIPE), mixed: false },
    { part: "training", programs: training({ ...RECIPE, lossScale: {} }), mixed: true },
    { part: "inference", programs: inference(false) },
    { part: "inference, batch norms folded", programs: inference(true) },
  ];
}

const FIXTURES = join(dirname(fromFileUrl(import.meta.url)), "../fixtures/models");

function fixtureNetwork(file: string): Subject {
  return {
    name: file.replace(".safetensors", ""),
    async compilations() {
      const fixture = await Fixture.read(join(FIXTURES, file));
      const [batchSize, ...picture] = fixture.input(fixture.has("x") ? "x" : "batch0/x").shape;
      const config = fixture.config(modelSchema);
      const model = buildFixtureModel(config, picture);
      return networkCompilations(model, picture, config.classes, batchSize);
    },
  };
}

/** A CIFAR ResNet-20; {@link FIXTURES} has smaller ones. */
function cifarNetwork(name: string, config: object): Subject {
  const picture = [3, 32, 32];
  const parsed = modelSchema.parse({ blocks: [3, 3, 3], stem_relu: false, ...config });
  return {
    name,
    compilations: () =>
      networkCompilations(buildFixtureModel(parsed, picture), picture, parsed.classes, 16),
  };
}

function namedNetwork(name: string, size: number, classes: number, batchSize: number): Subject {
  return {
    name: `${name}, ${size}x${size}, batch ${batchSize}`,
    compilations() {
      const model = buildModel(name, { classes, inputSize: size, convolution: "do_conv" });
      return networkCompilations(model, [3, size, size], classes, batchSize);
    },
  };
}

/** An op alone, so that nothing is fused with it. */
function nodeProgram(op: Op, operands: readonly TensorType[], attributes: unknown): Program {
  return trace({ name: op.name }, () => {
    const values = operands.map(({ shape, dtype }, i) => input(`x${i}`, shape, dtype));
    apply(op, values, attributes).forEach((value, i) => output(`y${i}`, value));
  });
}

/** The nodes of the random cases by op, without repeated shapes and attributes. */
function randomNodes(): Map<string, GraphNode[]> {
  const nodes = Object.keys(FAMILIES)
    .flatMap((family) => [...casesOf(family)])
    .flatMap(({ program }) => program.nodes)
    .filter(({ op }) => !isLeaf(op));
  const different = new Map(nodes.map((node) => {
    const { op, inputs, attributes } = node;
    const types = inputs.map(({ shape, dtype }) => [shape, dtype]);
    return [JSON.stringify([op.name, types, attributes]), node];
  }));
  return Map.groupBy(different.values(), ({ op }) => op.name);
}

function opSubjects(): Subject[] {
  const nodes = randomNodes();
  return [...OPS.values()].filter((op) => !isLeaf(op)).map((op) => ({
    name: op.name,
    everyForm: true,
    compilations: () =>
      (nodes.get(op.name) ?? []).map(({ inputs, attributes }, i) => ({
        name: `random operands ${i}`,
        programs: [nodeProgram(op, inputs, attributes)],
      })),
  }));
}

/** Cases that networks and random shapes may miss: every path through the kernels. */
function convolutionSubjects(): Subject[] {
  const float = (shape: Shape): TensorType => ({ shape, dtype: "f32" });
  return CONVOLUTIONS.map((convolution) => {
    const { input: inputShape, weight: weightShape, attributes } = convolution;
    const result = convolutionOutput(convolution);
    const [x, weight, bias, y] = [inputShape, weightShape, [weightShape[0]], result].map(float);
    const inGradient = { ...attributes, inputShape },
      weightGradient = { ...attributes, weightShape };
    const programs = [
      nodeProgram(conv2dOp, [x, weight], attributes),
      nodeProgram(conv2dOp, [x, weight, bias], attributes),
      nodeProgram(conv2dInputGradientOp, [y, weight], inGradient),
      nodeProgram(conv2dWeightGradientOp, [x, y], weightGradient),
    ];
    const { stride, groups } = attributes;
    return {
      name: `convolution ${inputShape.join("x")} * ${weightShape.join("x")}, ` +
        `stride ${stride.join("x")}, ${groups} group${groups === 1 ? "" : "s"}`,
      everyForm: true,
      compilations: () => programs.map((program) => ({ programs: [program] })),
    };
  });
}

/** Everything that is recorded. */
export const SUBJECTS: readonly Subject[] = [
  cifarNetwork("cifar_resnet20_v1_do", {
    version: 1,
    channels: [16, 16, 32, 64],
    do_conv_layers: ["conv1"],
  }),
  cifarNetwork("cifar_resnet20_v1_plain_half_width", {
    version: 1,
    channels: [8, 8, 16, 32],
    do_conv_layers: [],
  }),
  cifarNetwork("cifar_resnet20_v2_do_width12", {
    version: 2,
    channels: [12, 12, 24, 48],
    do_conv_layers: ["conv1"],
  }),
  ...[...Deno.readDirSync(FIXTURES)].map(({ name }) => name)
    .filter((name) => /^(?!cifar_).*\.safetensors$/.test(name)).sort().map(fixtureNetwork),
  { ...namedNetwork("cifar_resnet20_v1", 32, 10, 128), everyForm: true },
  namedNetwork("resnet50", 224, 1000, 8),
  namedNetwork("mobilenet_v3_small", 64, 10, 8),
  ...convolutionSubjects(),
  ...opSubjects(),
];
