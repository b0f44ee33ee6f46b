/** Models by name. */
import { InputError } from "../errors.ts";
import type { Module } from "../layers/module.ts";
import type { LayerSpec } from "../layers/registry.ts";
import type { Pair } from "../ops/convolution_geometry.ts";
import { suggestion } from "../schema/nearest.ts";
import { CifarResNetV1, CifarResNetV2 } from "./cifar_resnet.ts";
import { DoConvNet } from "./do_conv_net.ts";
import { layersModel } from "./layers.ts";
import type { ModelOptions } from "./options.ts";
import {
  BasicBlock,
  BasicBlockV2,
  type BlockClass,
  Bottleneck,
  BottleneckV1,
  BottleneckV2,
  PlainBlock,
} from "./residual_blocks.ts";
import { ResNet, ResNetV2 } from "./resnet.ts";

/** Options only some models take; see {@link ModelEntry.options}. */
export interface FamilyOptions {
  /** Channels of the first convolution; all others keep their ratio to it. */
  readonly width?: number;
  /** Outputs of the hidden linear layer of `do_conv_net`. Default 1024. */
  readonly hidden?: number;
  /** Whether a ReLU follows the stem's batch norm in `cifar_resnet*_v1`. Default false. */
  readonly stemReLU?: boolean;
  /** Groups of a bottleneck's 3x3 convolution, as in ResNeXt. Default 1. */
  readonly groups?: number;
  /** Channels of each such group where the stage has 64 planes. Default 64. */
  readonly widthPerGroup?: number;
}

/** Options of {@link buildModel}. */
export interface BuildOptions extends ModelOptions, FamilyOptions {
  /** Height and width of the pictures. Default 32. */
  readonly inputSize?: number | Pair;
  /** The layers of the model `layers`. */
  readonly layers?: readonly LayerSpec[];
}

/** A model that can be built by name. */
interface ModelEntry {
  /** Which of {@link FamilyOptions} it takes. */
  readonly options: readonly (keyof FamilyOptions)[];
  build(options: BuildOptions): Module;
}

const MODELS = new Map<string, ModelEntry>([
  ["do_conv_net", {
    options: ["width", "hidden"],
    build: ({ width = 64, ...options }) =>
      new DoConvNet({ ...options, widths: [width, 2 * width, 4 * width, 8 * width] }),
  }],
  ...[20, 32, 44, 56, 110].flatMap(cifarResNets),
  ...resNets(18, [2, 2, 2, 2], [BasicBlock, BasicBlock, BasicBlockV2]),
  ...resNets(34, [3, 4, 6, 3], [BasicBlock, BasicBlock, BasicBlockV2]),
  ...resNets(50, [3, 4, 6, 3], [BottleneckV1, Bottleneck, BottleneckV2]),
  ...resNets(101, [3, 4, 23, 3], [BottleneckV1, Bottleneck, BottleneckV2]),
  ...resNets(152, [3, 8, 36, 3], [BottleneckV1, Bottleneck, BottleneckV2]),
  ["plain18", resNet(ResNet, [2, 2, 2, 2], PlainBlock)],
  ["layers", {
    options: [],
    build: ({ layers = [], ...options }) => layersModel({ ...options, layers }),
  }],
]);

function cifarResNets(depth: number): [string, ModelEntry][] {
  const count = (depth - 2) / 6;
  const blocks = [count, count, count] as const;
  const channels = (width: number) => [width, width, 2 * width, 4 * width] as const;
  return [
    [`cifar_resnet${depth}_v1`, {
      options: ["width", "stemReLU"],
      build: ({ width = 16, ...options }) =>
        new CifarResNetV1({ ...options, blocks, channels: channels(width) }),
    }],
    [`cifar_resnet${depth}_v2`, {
      options: ["width"],
      build: ({ width = 16, ...options }) =>
        new CifarResNetV2({ ...options, blocks, channels: channels(width) }),
    }],
  ];
}

type StageCounts = readonly [number, number, number, number];

/** v1 is He et al.'s, v1b (also without suffix) torchvision's, v2 the pre-activation form. */
function resNets(
  depth: number,
  blocks: StageCounts,
  [v1, v1b, v2]: readonly [BlockClass, BlockClass, BlockClass],
): [string, ModelEntry][] {
  return [
    [`resnet${depth}`, resNet(ResNet, blocks, v1b)],
    [`resnet${depth}_v1`, resNet(ResNet, blocks, v1)],
    [`resnet${depth}_v1b`, resNet(ResNet, blocks, v1b)],
    [`resnet${depth}_v2`, resNet(ResNetV2, blocks, v2)],
  ];
}

function resNet(Model: typeof ResNet, blocks: StageCounts, block: BlockClass): ModelEntry {
  return {
    options: block.expansion === 1 ? ["width"] : ["width", "groups", "widthPerGroup"],
    build: ({ width = 64, ...options }) =>
      new Model({
        ...options,
        block,
        blocks,
        channels: [width, width, 2 * width, 4 * width, 8 * width],
      }),
  };
}

/** Names of all models. */
export function listModels(): string[] {
  return [...MODELS.keys()];
}

/**
 * Builds a model by name; its parameters are zero until `initialize(seed)` or `loadStateDict`.
 * Throws InputError for an unknown name and for options the model does not take.
 *
 * ```ts
 * import { buildModel } from "./mod.ts";
 *
 * const model = buildModel("cifar_resnet20_v1", { classes: 10, convolution: "do_conv" });
 * model.initialize(0);
 * console.log(model.stateDict().get("conv1.W")?.shape); // [16, 3, 9]
 * ```
 */
export function buildModel(name: string, options: BuildOptions): Module {
  const entry = MODELS.get(name);
  if (!entry) {
    throw new InputError(
      `there is no model "${name}"${suggestion(name, listModels(), "models")}`,
    );
  }
  checkOptions(name, entry, options);
  return entry.build(options);
}

const SHARED_OPTIONS: readonly (keyof BuildOptions)[] = [
  "classes",
  "inputChannels",
  "inputSize",
  "convolution",
  "depthMultiplier",
  "pairing",
];

const NUMBERS: readonly string[] = ["classes", "inputChannels"] satisfies (keyof BuildOptions)[];

/** Options may come from a file, so their names and values are checked although they have types. */
function checkOptions(name: string, entry: ModelEntry, options: BuildOptions): void {
  const own = name === "layers" ? ["layers"] : entry.options;
  const known: readonly string[] = [...SHARED_OPTIONS, ...own];
  for (const [key, value] of Object.entries(options)) {
    if (!known.includes(key)) {
      throw new InputError(
        `the model ${name} has no option "${key}"; ` +
          (own.length === 0 ? "it has none of its own" : `its own are ${own.join(", ")}`),
      );
    }
    if (
      value === undefined || !NUMBERS.includes(key) && !entry.options.some((own) => own === key)
    ) {
      continue;
    }
    if (key === "stemReLU" ? typeof value !== "boolean" : !isPositiveInteger(value)) {
      const expected = key === "stemReLU" ? "true or false" : "a whole number above 0";
      throw new InputError(
        `the option ${key} of ${name} is ${JSON.stringify(value)}; expected ${expected}`,
      );
    }
  }
}

function isPositiveInteger(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) > 0;
}
