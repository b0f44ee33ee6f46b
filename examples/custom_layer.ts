// A custom over-parameterized layer in a custom model, trained and folded. There is no fold code: the
// kernel is an expression over parameters, and folding evaluates it.
//   deno run --allow-read --allow-env examples/custom_layer.ts
import * as of from "../mod.ts";

/** A 3x3 convolution whose kernel is a full one plus a low-rank product, `weight + u·v`. */
class LowRankConv2d extends of.Module {
  weight: of.Parameter;
  u: of.Parameter;
  v: of.Parameter;
  constructor(inChannels: number, outChannels: number, rank = 4) {
    super();
    const random = (...shape: number[]) =>
      new of.Parameter(shape, { initialize: (data, r) => of.kaimingNormal(data, shape, r) });
    this.weight = random(outChannels, inChannels, 3, 3);
    this.u = new of.Parameter([outChannels, rank]); // zeros: it starts as the plain convolution
    this.v = random(rank, inChannels * 9);
  }
  forward(x: of.Value) {
    const product = of.reshape(of.matmul(this.u, this.v), this.weight.shape);
    return of.conv2d(x, of.add(this.weight, product), undefined, { stride: 2, padding: 1 });
  }
}

const data = await of.loadDataset("synthetic");
const { imageShape, statistics, classNames } = data;
const model = new of.Sequential(
  new LowRankConv2d(imageShape.channels, 16),
  new of.BatchNorm2d(16),
  new of.ReLU(),
  new of.GlobalAvgPool2d(),
  new of.Flatten(),
  new of.Linear(16, classNames.length),
);
model.initialize(1);
const backend = await of.openBackend();
const recipe = { epochs: 3, optimizer: { name: "adam", learningRate: 0.01 } } as const;
await of.train({ model, backend, train: data.train, normalization: statistics, ...recipe });

const description = of.describeNetwork("custom", data, "classification");
const network = of.foldModel(model, description);
const test = await of.readImages(data.test);
const { top1Agreement } = await of.verifyFold(model, network, backend, test);
console.log([...network.tensors.keys()].join(" "), "agreement", top1Agreement);
