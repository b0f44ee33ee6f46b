/** Stored programs are untrusted: each is either refused or runs within its buffers. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { referenceBackend } from "../../backends/reference/reference.ts";
import { InputError } from "../../errors.ts";
import { wrongAttribute } from "../../graph/attribute_rules.ts";
import { input, output, trace } from "../../graph/trace.ts";
import type { Value } from "../../graph/types.ts";
import { activationLayers } from "../../layers/activations.ts";
import { buildModel } from "../../models/registry.ts";
import { foldModel } from "../../networks/fold.ts";
import { type FoldedNetwork, networkProgram } from "../../networks/network.ts";
import { type StoredNode, storeProgram } from "../../networks/program.ts";
import { conv2d } from "../../ops/conv2d.ts";
import { fill } from "../../ops/fill.ts";
import { matmul } from "../../ops/matmul.ts";
import { maxPool2d } from "../../ops/max_pool2d.ts";
import { preprocess } from "../../ops/preprocess.ts";
import { relu } from "../../ops/relu.ts";
import { runBetweenCanaries } from "../support/canaries.ts";
import { Draw } from "../support/draw.ts";
import { mutateNetwork } from "../support/mutate_program.ts";
import { FAMILIES } from "../support/random_cases.ts";
import { casesOf } from "../support/random_programs.ts";

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
  // Whatever the sizes in between, it ends in one number per channel.
  folded("layers", 7, 9, {
    layers: [
      { conv2d: { outChannels: 8, kernelSize: 3, padding: 1 } },
      "batch_norm2d",
      { max_pool2d: { kernelSize: 3, stride: 2, padding: 1 } },
      { conv2d: { outChannels: 8, kernelSize: 3, padding: 2, groups: 8, paddingMode: "circular" } },
      "relu",
      { avg_pool2d: { kernelSize: 2, ceilMode: true } },
      { conv2d: { outChannels: 6, kernelSize: 1, stride: 2, paddingMode: "replicate" } },
      "global_avg_pool2d",
      "flatten",
      { linear: { outFeatures: 3 } },
    ],
  }),
  folded("cifar_resnet20_v2", 6, 6, { width: 4 }),
  folded("layers", 6, 6, {
    layers: [
      ...Object.keys(activationLayers),
      { prelu: { perChannel: true } },
      { residual: [{ squeeze_excitation: { squeezeChannels: 2 } }, "layer_scale"] },
      "flatten",
      { linear: { outFeatures: 3 } },
    ],
  }),
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

/** Number of elements above which the reference takes too long for a test. */
const MAX_ELEMENTS = 2 ** 16;

Deno.test("a mutated stored program is refused or runs within its buffers", async () => {
  let refused = 0, ran = 0;
  for (let seed = 0; seed < 400; seed++) {
    const network = mutateNetwork(NETWORKS[seed % 8 === 0 ? 2 : seed % 2], new Draw(seed));
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

Deno.test("attributes of traced ops satisfy the ops' own rules", () => {
  for (const family of Object.keys(FAMILIES)) {
    for (const { program } of casesOf(family)) {
      for (const { op, attributes } of program.nodes) {
        const wrong = op.inference && wrongAttribute(op.inference.attributes, attributes);
        assertEquals(wrong, undefined, op.name);
      }
    }
  }
});

/** The first network with its program changed. */
function changed(change: (nodes: StoredNode[]) => StoredNode[]): FoldedNetwork {
  const [network] = NETWORKS;
  const { nodes, outputs } = network.program;
  return { ...network, program: { nodes: change(structuredClone([...nodes])), outputs } };
}

/** Other attributes for the first node of an op. */
const withAttributes = (op: string, attributes: object) =>
  changed((nodes) => {
    const at = nodes.findIndex((node) => node.op === op);
    const node = nodes[at];
    return nodes.with(at, { ...node, attributes: { ...node.attributes, ...attributes } });
  });

/** The first network with a program that computes something from images f32 [1, 1, 2048, 2048]. */
function computing(compute: (pictures: Value) => Value): FoldedNetwork {
  const program = trace({ name: "infer" }, () => {
    const pixels = input("pixels", [1, 2048, 2048, 1], "u8");
    output("logits", compute(preprocess(pixels, undefined, { mean: [0], std: [1] })));
  });
  return { ...NETWORKS[0], program: storeProgram(program).stored };
}

Deno.test("a program with an op's former name is read", () => {
  const old = changed((nodes) =>
    nodes.map((node) => node.op === "preprocess" ? { ...node, op: "augment" } : node)
  );
  const namesOf = (network: FoldedNetwork) =>
    networkProgram(network, 2).nodes.map(({ op }) => op.name);
  assertEquals(namesOf(old), namesOf(NETWORKS[0]));
});

const REFUSED: Readonly<Record<string, readonly [network: FoldedNetwork, why: string]>> = {
  "an unknown attribute": [
    withAttributes("relu", { inputShape: [1] }),
    'relu: has no attribute "inputShape"',
  ],
  "a fraction for an integer": [
    withAttributes("conv2d", { stride: [1, 1.5] }),
    "conv2d: stride is [1,1.5]; expected a list of 2, each a whole number of 1 to 1048576",
  ],
  "NaN for a number": [
    withAttributes("preprocess", { std: [1, NaN, 1] }),
    "preprocess: std is [1,null,1]; expected a list of up to",
  ],
  "text for a number": [
    withAttributes("conv2d", { groups: "1" }),
    'conv2d: groups is "1"; expected a whole number',
  ],
  "an unknown choice": [
    withAttributes("conv2d", { paddingMode: "valid" }),
    'paddingMode is "valid"; expected "zeros" or "reflect"',
  ],
  "padding larger than any image": [
    withAttributes("conv2d", { padding: [2 ** 20, 2 ** 20], paddingMode: "zeros" }),
    "conv2d: an image of 10x8 with 3 channels is too large",
  ],
  "more elements than any network": [
    changed((nodes) => [
      ...nodes,
      { op: "fill", inputs: [], attributes: { shape: [2 ** 20, 2 ** 20], value: 0 } },
    ]),
    "impossible shape [1048576, 1048576]",
  ],
  "many numbers from a few bytes": [
    computing(() => relu(fill([2 ** 24], 1))),
    "needs 33.6 M numbers shared by all images; expected at most 16.8 M",
  ],
  "much work from a few bytes": [
    computing(() => matmul(fill([1024, 1024], 1), fill([1024, 1024], 1))),
    "needs 1.07 G multiply-accumulates shared by all images; expected at most 268 M",
  ],
  "more memory per image than any network": [
    computing((x) => relu(conv2d(x, fill([33, 1, 1, 1], 1)))),
    "needs 277 M numbers at once per image; expected at most 268 M",
  ],
  "more multiply-accumulates than any network": [
    computing((x) => conv2d(x, fill([1, 1, 1025, 1025], 1), undefined, { padding: 512 })),
    "needs 4.41 T multiply-accumulates per image; expected at most 1.1 T",
  ],
  "larger poolings than any network": [
    computing((x) => maxPool2d(x, { kernelSize: 65, stride: 1, padding: 32 }).output),
    "needs 35.5 G numbers per image; expected at most 8.59 G",
  ],
  "more nodes than any network": [
    changed((nodes) => Array.from({ length: 10_000 }, () => nodes[0])),
    "has 10000 nodes; expected at most 8192",
  ],
  "more outputs than any network": [
    {
      ...NETWORKS[0],
      program: {
        ...NETWORKS[0].program,
        outputs: Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [i, [0, 0] as const])),
      },
    },
    "has 10000 outputs; expected at most 8192",
  ],
  "an input of a leaf": [
    changed((nodes) => nodes.with(2, { ...nodes[2], inputs: [[0, 0]] })),
    "constant takes no inputs",
  ],
  "a training op": [
    changed((nodes) => [
      ...nodes,
      { op: "variable", inputs: [], attributes: { variable: "parameters", offset: 0, shape: [1] } },
    ]),
    'the op "variable", which is not an inference op',
  ],
};

for (const [what, [network, why]] of Object.entries(REFUSED)) {
  Deno.test(`${what} in a stored program is refused`, () => {
    assertThrows(() => networkProgram(network, 2, "file"), InputError, why);
  });
}

Deno.test("a tensor named many times in a stored program is traced once", () => {
  const network = changed((nodes) => [...nodes, ...Array.from({ length: 50 }, () => nodes[2])]);
  const { nodes } = networkProgram(network, 1);
  assertEquals(nodes.length, NETWORKS[0].program.nodes.length);
});
