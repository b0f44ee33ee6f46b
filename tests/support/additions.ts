/**
 * One example of each kind of thing that the architecture allows to add with a file and a line, for
 * the test that adds them all to a copy of the sources.
 */

/** A file that is added, and the line that registers it. */
export interface Addition {
  /** The new file. */
  readonly path: string;
  readonly text: string;
  /** The file that gains a line, and an import of what the line names. */
  readonly registry: string;
  /** The text after which the line is inserted. */
  readonly after: string;
  readonly line: string;
  /** What is imported from the new file; nothing if the registry loads files by name. */
  readonly names?: string;
}

export const ADDITIONS: readonly Addition[] = [
  {
    path: "ops/hard_shrink.ts",
    registry: "ops/all.ts",
    after: 'export * from "./global_avg_pool2d.ts";',
    line: 'export * from "./hard_shrink.ts";',
    text: `
import { finite } from "../graph/attribute_rules.ts";
import { apply, type Operand } from "../graph/trace.ts";
import type { Value } from "../graph/types.ts";
import { activationOps } from "./activation.ts";

export const [hardShrinkOp, hardShrinkGradientOp] = activationOps<{ readonly lambda: number }>({
  name: "hardShrink",
  stored: { lambda: finite(0) },
  samples: [{ lambda: 0.5 }],
  expression(e, x, { lambda }) {
    const low = e.selectGreater(e.constant(-lambda), x, x, e.constant(0));
    return e.selectGreater(x, e.constant(lambda), x, low);
  },
  gradientOf: "input",
  gradient(e, dy, x, { lambda }) {
    const low = e.selectGreater(e.constant(-lambda), x, dy, e.constant(0));
    return e.selectGreater(x, e.constant(lambda), dy, low);
  },
});

export function hardShrink(input: Operand, lambda: number): Value {
  return apply(hardShrinkOp, [input], { lambda })[0];
}
`,
  },
  {
    path: "layers/hard_shrink.ts",
    registry: "layers/registry.ts",
    after: "export const LAYERS = {",
    line: "hard_shrink: hardShrinkLayer,",
    names: "hardShrinkLayer",
    text: `
import type { Value } from "../graph/types.ts";
import { hardShrink } from "../ops/hard_shrink.ts";
import { z } from "../schema/entry.ts";
import type { LayerEntry } from "./layer_entry.ts";
import { Module } from "./module.ts";

export class Hardshrink extends Module {
  constructor(readonly lambda: number) {
    super();
  }
  forward(input: Value): Value {
    return hardShrink(input, this.lambda);
  }
}

const schema = z.strictObject({
  lambda: z.number().min(0).default(0.5).describe("Magnitudes up to this become 0"),
});

export const hardShrinkLayer: LayerEntry<typeof schema> = {
  about: "x, but 0 where it is small",
  schema,
  build: ({ lambda }) => new Hardshrink(lambda),
};
`,
  },
  {
    path: "layers/convolutions/twin.ts",
    registry: "layers/convolutions.ts",
    after: "export const CONVOLUTIONS = {",
    line: "twin,",
    names: "twin",
    text: `
import { Parameter } from "../../graph/parameter.ts";
import type { Value } from "../../graph/types.ts";
import { add } from "../../ops/add.ts";
import { conv2d } from "../../ops/conv2d.ts";
import { scale } from "../../ops/scale.ts";
import { z } from "../../schema/entry.ts";
import { type Conv2dOptions, convolutionBias, kernelShape } from "../convolution_options.ts";
import { kaimingUniform } from "../init.ts";
import { Module } from "../module.ts";
import type { ConvolutionEntry } from "./entry.ts";

/** The sum of two kernels, which folds to one. */
class TwinConv2d extends Module {
  readonly first: Parameter;
  readonly second: Parameter;
  readonly bias?: Parameter;

  constructor(readonly options: Conv2dOptions, readonly share: number) {
    super();
    const shape = kernelShape(options);
    const initialize = options.initialize ?? kaimingUniform();
    this.first = new Parameter(shape, {
      initialize: (data, random) => initialize(data, shape, random),
    });
    this.second = new Parameter(shape);
    this.bias = convolutionBias(options);
  }

  forward(input: Value): Value {
    const kernel = add(this.first, scale(this.second, this.share));
    return conv2d(input, kernel, this.bias, this.options);
  }
}

const schema = z.strictObject({
  share: z.number().positive().default(1).describe("Factor of the second kernel"),
});

export const twin: ConvolutionEntry<typeof schema> = {
  about: "Sums of two kernels",
  schema,
  build: (options, { share }) => new TwinConv2d(options, share),
};
`,
  },
  {
    path: "models/shallow.ts",
    registry: "models/registry.ts",
    after: "export const MODELS: Readonly<Record<string, ModelEntry>> = {",
    line: "shallow,",
    names: "shallow",
    text: `
import type { Value } from "../graph/types.ts";
import { Linear } from "../layers/linear.ts";
import { Module } from "../layers/module.ts";
import { globalAvgPool2d } from "../ops/global_avg_pool2d.ts";
import { relu } from "../ops/relu.ts";
import { flatten } from "../ops/reshape.ts";
import { z } from "../schema/entry.ts";
import { modelConvolution, type ModelEntry, type ModelOptions } from "./options.ts";

class Shallow extends Module {
  readonly conv: Module;
  readonly fc: Linear;

  constructor(options: ModelOptions, depth: number) {
    super();
    const { inputChannels = 3, classes } = options;
    const shape = { inChannels: inputChannels, outChannels: depth, kernelSize: 3 };
    this.conv = modelConvolution(options, shape);
    this.fc = new Linear(depth, classes);
  }

  forward(input: Value): Value {
    return this.fc.call(flatten(globalAvgPool2d(relu(this.conv.call(input)))));
  }
}

const schema = z.strictObject({
  channels: z.int().min(1).default(8).describe("Channels of the convolution"),
});

export const shallow: ModelEntry<typeof schema> = {
  about: "One convolution",
  schema,
  build: ({ channels, ...options }) => new Shallow(options, channels),
};
`,
  },
  {
    path: "datasets/sources/stripes.ts",
    registry: "datasets/sources/registry.ts",
    after: "const SOURCES: Readonly<Record<string, Opener>> = {",
    line: "stripes: (handle: StripesHandle) => new StripesSource(handle),",
    names: "type StripesHandle, StripesSource",
    text: `
import {
  emptyTargets,
  type ImageShape,
  type ImageSource,
  LABELS,
  requireRange,
  type SourceHandle,
  type TargetColumn,
} from "../image_source.ts";

export interface StripesHandle extends SourceHandle {
  readonly from: number;
  readonly to: number;
  readonly size: number;
}

/** Horizontal or vertical stripes, computed when they are read. */
export class StripesSource implements ImageSource {
  readonly count: number;
  readonly shape: ImageShape;
  readonly targets: Readonly<Record<string, TargetColumn>>;

  constructor(readonly handle: StripesHandle) {
    const { from, to, size } = handle;
    this.count = to - from;
    this.shape = { height: size, width: size, channels: 1 };
    const data = emptyTargets(LABELS, this.count);
    data.forEach((_, i) => data[i] = (from + i) % 2);
    this.targets = { labels: { ...LABELS, data } };
  }

  read(index: number, epoch: number, into: Uint8Array): void {
    const { from, size } = this.handle;
    const label = (from + index) % 2;
    for (let i = 0; i < into.length; i++) {
      const line = label === 0 ? Math.floor(i / size) : i % size;
      into[i] = (line + index + epoch) % 2 === 0 ? 40 : 200;
    }
  }

  slice(from: number, to: number): StripesSource {
    requireRange(this.count, from, to);
    const start = this.handle.from;
    return new StripesSource({ ...this.handle, from: start + from, to: start + to });
  }
}
`,
  },
  {
    path: "datasets/stripes.ts",
    registry: "datasets/registry.ts",
    after: "export const DATASETS = {",
    line: "stripes,",
    names: "stripes",
    text: `
import { z } from "../schema/entry.ts";
import type { DatasetEntry } from "./dataset.ts";
import { LABELS } from "./image_source.ts";
import { StripesSource } from "./sources/stripes.ts";

const schema = z.strictObject({
  size: z.int().min(4).default(16).describe("Height and width"),
  count: z.int().min(2).default(64).describe("Images in each split"),
});

export const stripes: DatasetEntry<typeof schema> = {
  about: "Stripes that lie or stand",
  schema,
  build({ size, count }) {
    const split = () => new StripesSource({ kind: "stripes", from: 0, to: count, size });
    return {
      info: {
        name: "stripes",
        title: "Stripes",
        classNames: ["lying", "standing"],
        imageShape: { height: size, width: size, channels: 1 },
        statistics: { mean: [0.47], std: [0.31] },
        targets: { labels: LABELS },
        sizes: { train: count, test: count },
      },
      load: () => Promise.resolve({ train: split(), test: split() }),
    };
  },
};
`,
  },
  {
    path: "datasets/augmentations/invert.ts",
    registry: "datasets/augmentations/registry.ts",
    after: "export const AUGMENTATIONS = {",
    line: "invert,",
    names: "invert",
    text: `
import { z } from "../../schema/entry.ts";
import type { AugmentationEntry } from "../augmentation.ts";

const schema = z.strictObject({
  share: z.number().min(0).max(1).default(0.5).describe("Share of images that are inverted"),
});

export const invert: AugmentationEntry<typeof schema> = {
  about: "Invert the grey levels of some images",
  schema,
  build: ({ share }) => ({
    apply(image, _shape, random) {
      if (random.uniform() < share) image.forEach((value, i) => image[i] = 255 - value);
    },
  }),
};
`,
  },
  {
    path: "training/optimizers/descent.ts",
    registry: "training/optimizers/registry.ts",
    after: "export const OPTIMIZERS = {",
    line: "descent,",
    names: "descent",
    text: `
import { sgdUpdate } from "../../ops/sgd_update.ts";
import { z } from "../../schema/entry.ts";
import { decayNormAndBias, learningRate, type OptimizerEntry, weightDecay } from "./optimizer.ts";

const schema = z.strictObject({
  learningRate: learningRate.default(0.1),
  boost: z.number().positive().default(1).describe("Factor of every step"),
  weightDecay,
  decayNormAndBias,
});

export const descent: OptimizerEntry<typeof schema> = {
  about: "Plain descent",
  schema,
  build: (options) => ({
    options,
    slots: [],
    scalars: ["learningRate"],
    scalarsAt: (_step, { learningRate }) => ({ learningRate: learningRate * options.boost }),
    update: ({ parameter, gradient, scalars: { learningRate }, weightDecay }) => ({
      parameter: sgdUpdate(parameter, gradient, { learningRate, weightDecay }).parameter,
      slots: {},
    }),
  }),
};
`,
  },
  {
    path: "training/schedules/halving.ts",
    registry: "training/schedules/registry.ts",
    after: "export const SCHEDULES = {",
    line: "halving,",
    names: "halving",
    text: `
import { z } from "../../schema/entry.ts";
import type { ScheduleEntry } from "./schedule.ts";

const schema = z.strictObject({
  every: z.int().min(1).default(1).describe("Steps until the rate is halved"),
});

export const halving: ScheduleEntry<typeof schema> = {
  about: "Half the rate again and again",
  schema,
  build: ({ every }, { learningRate }) => (step) => ({
    learningRate: learningRate / 2 ** Math.floor(step / every),
  }),
};
`,
  },
  {
    path: "training/loggers/last_loss.ts",
    registry: "training/loggers/registry.ts",
    after: "export const LOGGERS = {",
    line: "last_loss: lastLoss,",
    names: "lastLoss",
    text: `
import { join } from "node:path";
import { writeFileAtomic } from "../../files/atomic.ts";
import { z } from "../../schema/entry.ts";
import type { LoggerEntry } from "./logger.ts";

const schema = z.object({
  digits: z.int().min(1).default(5).describe("Digits that are kept"),
});

export const lastLoss: LoggerEntry<typeof schema> = {
  about: "The last loss alone, in a file",
  schema,
  files: /^loss\\.txt$/,
  build: ({ digits }, { folder, disk }) => ({
    log: ({ loss }) =>
      writeFileAtomic(join(folder, "loss.txt"), Number(loss).toPrecision(digits), disk),
  }),
};
`,
  },
  {
    path: "training/objectives/tempered.ts",
    registry: "training/objectives/registry.ts",
    after: "export const OBJECTIVES = {",
    line: "tempered,",
    names: "tempered",
    text: `
import { scale } from "../../ops/scale.ts";
import { z } from "../../schema/entry.ts";
import { classification } from "./classification.ts";
import type { ObjectiveEntry } from "./objective.ts";

const schema = z.strictObject({
  temperature: z.number().positive().default(1).describe("What logits are divided by"),
});

export const tempered: ObjectiveEntry<typeof schema> = {
  about: "Classification by logits over a temperature",
  schema,
  build({ temperature }, network) {
    const plain = classification.build({ labelSmoothing: 0 }, network);
    return {
      ...plain,
      name: "tempered",
      loss: (logits, targets, options) =>
        plain.loss(scale(logits, 1 / temperature), targets, options),
    };
  },
};
`,
  },
  {
    path: "cli/rooms.ts",
    registry: "cli.ts",
    after: "export const COMMANDS: readonly CommandEntry[] = [",
    line: '{ name: "rooms", summary: "Count what can be chosen" },',
    text: `
import { MODELS } from "../models/registry.ts";
import type { Command } from "./command.ts";

export const command: Command = {
  run(_args, context) {
    context.print(\`\${Object.keys(MODELS).length} models\`);
    return Promise.resolve();
  },
};
`,
  },
];
