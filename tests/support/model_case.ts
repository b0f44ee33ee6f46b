/** Shared by the fixture kinds of whole models: building and folding a model, and its programs. */
import { z } from "zod";
import type { Backend, Executable } from "../../backends/backend.ts";
import type { ConstantAttributes } from "../../graph/leaves.ts";
import { input, output, trace } from "../../graph/trace.ts";
import type { Program, Shape } from "../../graph/types.ts";
import { convolutionFactory } from "../../layers/convolutions.ts";
import type { Module } from "../../layers/module.ts";
import { buildLayers, type LayerSpec } from "../../layers/registry.ts";
import { layoutState, type StateLayout } from "../../layers/state.ts";
import { CifarResNetV1, CifarResNetV2 } from "../../models/cifar_resnet.ts";
import { DoConvNet } from "../../models/do_conv_net.ts";
import type { ModelOptions } from "../../models/options.ts";
import { BasicBlock, Bottleneck } from "../../models/residual_blocks.ts";
import { ResNet } from "../../models/resnet.ts";
import { foldForInference } from "../../ops/fold_for_inference.ts";
import { adoptState } from "../../weights/import.ts";
import type { Fixture, FixtureTensor } from "./fixture.ts";

/** Whole models in f32 against PyTorch in f64. */
export const MODEL_TOLERANCE = 1e-4;

const three = z.tuple([z.int(), z.int(), z.int()]);
const four = z.tuple([z.int(), z.int(), z.int(), z.int()]);

/** `config` of a fixture with a model: common fields, and fields that identify its family. */
export const modelSchema = z.object({
  do_conv_layers: z.array(z.string()),
  D_mul: z.int().nullish(),
  classes: z.int().default(10),
  input: three.optional(),
  /** do_conv_net. */
  widths: four.optional(),
  hidden: z.int().optional(),
  /** CIFAR ResNets. */
  version: z.union([z.literal(1), z.literal(2)]).optional(),
  blocks: three.optional(),
  stem_relu: z.boolean().optional(),
  /** CIFAR ResNets: stem and stages. Otherwise input and convolutions of the authors' MNIST net. */
  channels: z.array(z.int()).optional(),
  /** torchvision's ResNets. */
  block: z.enum(["BasicBlock", "Bottleneck"]).optional(),
  layers: four.optional(),
  width: z.int().default(64),
  stage_planes: four.default([64, 128, 256, 512]),
  groups: z.int().optional(),
  width_per_group: z.int().optional(),
});

/** See {@link modelSchema}. */
export type ModelConfig = z.infer<typeof modelSchema>;

/** Options for a fixture's model, for images [C, H, W]; DO-Conv has the authors' pairing. */
export function fixtureOptions(
  { classes, do_conv_layers, D_mul }: Pick<ModelConfig, "classes" | "do_conv_layers" | "D_mul">,
  [inputChannels, height, width]: Shape,
): ModelOptions {
  return {
    classes,
    inputChannels,
    inputSize: [height, width],
    convolution: convolutionFactory(
      do_conv_layers.length > 0
        ? { name: "do_conv", depthMultiplier: D_mul ?? undefined, pairing: "authors" }
        : "conv",
    ),
  };
}

/** The model that a config describes, for images [C, H, W]. */
export function buildFixtureModel(config: ModelConfig, picture: Shape): Module {
  const { widths, hidden, blocks, layers, channels = [] } = config;
  const options = fixtureOptions(config, picture);
  if (widths) return new DoConvNet({ ...options, widths, hidden });
  if (blocks) {
    const sizes = { ...options, blocks, channels: four.parse(channels) };
    return config.version === 2
      ? new CifarResNetV2(sizes)
      : new CifarResNetV1({ ...sizes, stemReLU: config.stem_relu });
  }
  if (layers) {
    return new ResNet({
      ...options,
      block: config.block === "Bottleneck" ? Bottleneck : BasicBlock,
      blocks: layers,
      channels: [config.width, ...config.stage_planes],
      groups: config.groups,
      widthPerGroup: config.width_per_group,
    });
  }
  const specs = channels.slice(1).flatMap((outChannels): LayerSpec[] => [
    { convolution: { outChannels, kernelSize: 3, stride: 2, padding: 1 } },
    "relu",
  ]);
  return buildLayers([...specs, "global_avg_pool2d", "flatten"], picture, options).layers;
}

/** The rest of each tensor name of a fixture that starts with `PREFIX/`. */
export function namesIn(fixture: Fixture, prefix: string): string[] {
  return fixture.names.filter((name) => name.startsWith(`${prefix}/`))
    .map((name) => name.slice(prefix.length + 1));
}

/** The tensors named `PREFIX/…`, by the rest of the name. */
export function inputsIn(fixture: Fixture, prefix: string): Map<string, FixtureTensor> {
  return new Map(
    namesIn(fixture, prefix).map((name) => [name, fixture.input(`${prefix}/${name}`)]),
  );
}

/**
 * Compares every tensor `PREFIX/…` with the one of that name, except the authors' constant
 * `d_diag`.
 */
export function compareGroup(
  fixture: Fixture,
  prefix: string,
  actual: ReadonlyMap<string, { readonly data: ArrayLike<number> }>,
): void {
  for (const name of namesIn(fixture, prefix)) {
    if (name.endsWith(".d_diag")) fixture.input(`${prefix}/${name}`);
    else fixture.compare(`${prefix}/${name}`, actual.get(name)?.data ?? []);
  }
}

/** Inference, `x` → `logits`, over the variables of a layout. */
export function logitsProgram(
  name: string,
  model: Module,
  { variables, bind }: StateLayout,
  shape: Shape,
): Program {
  return trace({ name, variables, bind }, () => {
    output("logits", model.call(input("x", shape)));
  });
}

/** A folded model: `x` → `logits`, and its tensors by name, including batch counters. */
export interface FoldedModel {
  readonly program: Program;
  readonly tensors: ReadonlyMap<
    string,
    { readonly shape: Shape; readonly data: ArrayLike<number> }
  >;
}

/** Folds a model with its current parameters, with `batchNorm` its batch norms too. */
export function foldFixtureModel(
  model: Module,
  shape: Shape,
  { batchNorm = false } = {},
): FoldedModel {
  const parameters = model.namedParameters();
  const name = batchNorm ? "foldedBatchNorm" : "folded";
  const traced = trace({ name }, () => output("logits", model.call(input("x", shape))));
  const program = foldForInference(traced, { batchNorm });
  const constants = program.nodes.filter(({ op }) => op.name === "constant")
    .map(({ attributes }): ConstantAttributes => attributes);
  const tensors = new Map(
    constants.map(({ name = "", shape, data }) => [name, { shape, data }] as const),
  );
  const counters = [...parameters].filter(([name]) =>
    name.endsWith("num_batches_tracked") &&
    tensors.has(name.replace("num_batches_tracked", "running_mean"))
  );
  return { program, tensors: new Map([...tensors, ...counters]) };
}

/** Compiles programs, passes them to `use` and frees them. */
export async function withPrograms(
  backend: Backend,
  programs: readonly Program[],
  use: (executable: Executable) => Promise<void>,
): Promise<void> {
  const executable = await backend.compile(programs);
  try {
    await use(executable);
  } finally {
    executable.dispose();
  }
}

/** A model with the fixture's tensors `PREFIX/…`, and its layout. */
export function loadFixtureModel(
  fixture: Fixture,
  config: ModelConfig,
  picture: Shape,
  prefix: string,
): { model: Module; layout: StateLayout } {
  return adoptFixtureState(fixture, buildFixtureModel(config, picture), prefix);
}

/** Loads a fixture's state with this prefix into a model. */
export function adoptFixtureState(
  fixture: Fixture,
  model: Module,
  prefix: string,
): { model: Module; layout: StateLayout } {
  adoptState(model, { path: prefix, tensors: inputsIn(fixture, prefix) });
  return { model, layout: layoutState(model) };
}
