// A custom kind of convolution, image source and objective, with a built-in model. None of them needs to
// be registered.
//   deno run --allow-read --allow-env examples/extensions.ts
import * as of from "../mod.ts";

/** A convolution whose kernel is a plain one times a gate per element; it folds to their product. */
class GatedConv2d extends of.Module {
  readonly weight: of.Parameter;
  readonly gate: of.Parameter;
  readonly bias?: of.Parameter;

  constructor(readonly options: of.Conv2dOptions) {
    super();
    const shape = of.kernelShape(options);
    const initialize = options.initialize ?? of.kaimingUniform();
    this.weight = new of.Parameter(shape, { initialize: (data, r) => initialize(data, shape, r) });
    this.gate = new of.Parameter(shape, { initialize: (data) => data.fill(1) });
    this.bias = of.convolutionBias(options);
  }

  forward(x: of.Value) {
    return of.conv2d(x, of.multiply(this.weight, this.gate), this.bias, this.options);
  }
}

/** Horizontal or vertical stripes, computed when they are read. */
class Stripes implements of.ImageSource {
  readonly count: number;
  readonly shape = { height: 16, width: 16, channels: 1 };
  readonly targets: Readonly<Record<string, of.TargetColumn>>;

  constructor(readonly from: number, to: number) {
    this.count = to - from;
    const data = of.emptyTargets(of.LABELS, this.count);
    data.forEach((_, i) => data[i] = (from + i) % 2);
    this.targets = { labels: { ...of.LABELS, data } };
  }

  read(index: number, _epoch: number, into: Uint8Array) {
    const sample = this.from + index;
    for (let i = 0; i < into.length; i++) {
      const line = sample % 2 === 0 ? Math.floor(i / 16) : i % 16;
      into[i] = (line + (sample >> 1)) % 4 < 2 ? 40 : 200;
    }
  }

  slice(from: number, to: number) {
    of.requireRange(this.count, from, to);
    return new Stripes(this.from + from, this.from + to);
  }
}

/**
 * Classification with logits divided by a temperature. Padding rows of a batch must add nothing to a
 * loss or a sum; the underlying objective ensures that.
 */
function tempered(temperature: number, classes: number): of.Objective {
  const plain = of.objectiveOf("classification", classes);
  return {
    ...plain,
    name: "tempered",
    loss: (logits, targets, options) =>
      plain.loss(of.scale(logits, 1 / temperature), targets, options),
  };
}

const [train, validation] = [new Stripes(0, 128), new Stripes(128, 160)];
const { channels: inputChannels, height: inputSize } = train.shape;
const normalization = { mean: [0.47], std: [0.31] };
const model = of.buildModel("cifar_resnet20_v1", {
  ...{ classes: 2, inputChannels, inputSize, width: 4 },
  convolution: (options) => new GatedConv2d(options),
});
model.initialize(1);
const backend = await of.openBackend();
const { state } = await of.train({
  ...{ model, backend, train, validation, normalization, epochs: 2, batchSize: 16 },
  objective: tempered(2, 2),
  optimizer: { name: "adam", learningRate: 0.01 },
});
const network = of.foldModel(model, {
  ...{ model: "stripes", input: train.shape, normalization },
  classNames: ["horizontal", "vertical"],
});
const pixels = await of.readImages(validation);
const { top1Agreement } = await of.verifyFold(model, network, backend, pixels);
console.log("accuracy", state.validation?.accuracy, "agreement", top1Agreement);
console.log([...network.tensors.keys()].filter((name) => name.startsWith("conv1")).join());
