/**
 * The authors' layouts. The kernel of their layer is computed here as their code does, which reads
 * its tensors without moving data; the kernel of ours is computed by folding.
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../errors.ts";
import type { ConvolutionSpec } from "../../layers/convolutions.ts";
import type { Module } from "../../layers/module.ts";
import { permuted } from "../../layers/permute.ts";
import { buildModel } from "../../models/registry.ts";
import { foldModel } from "../../networks/fold.ts";
import { writeSafetensors } from "../../safetensors/file.ts";
import { type Tensor } from "../../safetensors/safetensors.ts";
import { fromLayouts, type Layout, LAYOUTS, stateInLayout } from "../../weights/authors_layouts.ts";
import { adoptState, readForeignState } from "../../weights/import.ts";
import { disturb } from "../support/disturb.ts";
import { withFolder } from "../support/folder.ts";
import { assertWithin, deviation } from "../support/tolerance.ts";

interface Case {
  readonly inputs: number;
  readonly outputs: number;
  readonly groups: number;
  readonly kernelSize: readonly [number, number];
  readonly depth?: number;
  readonly pairing?: "paper" | "authors";
}

const CASES: readonly Case[] = [
  { inputs: 3, outputs: 4, groups: 1, kernelSize: [3, 3] },
  { inputs: 4, outputs: 4, groups: 4, kernelSize: [3, 2] },
  { inputs: 3, outputs: 6, groups: 3, kernelSize: [2, 2] },
  { inputs: 6, outputs: 4, groups: 2, kernelSize: [2, 3] },
  { inputs: 6, outputs: 9, groups: 3, kernelSize: [1, 3], depth: 7 },
  { inputs: 6, outputs: 3, groups: 3, kernelSize: [3, 3], pairing: "authors" },
  { inputs: 2, outputs: 5, groups: 1, kernelSize: [1, 1] },
];

/** A network of one such convolution, `0`, and other layers. */
function network(
  { inputs, outputs, groups, kernelSize, depth, pairing = "paper" }: Case,
  convolution: ConvolutionSpec = { name: "do_conv", depthMultiplier: depth, pairing },
): Module {
  const model = buildModel("layers", {
    classes: 2,
    inputChannels: inputs,
    inputSize: 6,
    convolution,
    layers: [
      { convolution: { outChannels: outputs, kernelSize: [...kernelSize], groups } },
      "batch_norm2d",
      "relu",
      { conv2d: { outChannels: 3, kernelSize: [3, 1], bias: false } },
      { batch_norm2d: { eps: 1e-3 } },
      "global_avg_pool2d",
      "flatten",
      { linear: { outFeatures: 2 } },
    ],
  });
  model.initialize(1);
  return disturb(model);
}

/** The kernel [O, J, M, N] that our layer composes. */
function folded(model: Module, { inputs }: Case) {
  const description = {
    model: "layers",
    input: { height: 6, width: 6, channels: inputs },
    normalization: { mean: Array(inputs).fill(0), std: Array(inputs).fill(1) },
    classNames: ["a", "b"],
  };
  return foldModel(model, description).tensors.get("0.weight")!;
}

/** `DoW` of do_conv_tensorflow.py: einsum("msi,sio->mio") of D + D_diag and the kernel. */
function tensorFlowKernel(kernel: Tensor, D: Tensor | undefined, { inputs, kernelSize }: Case) {
  const [depth, perGroup, outputs] = kernel.shape;
  const [height, width] = kernelSize;
  const area = height * width;
  const columns = perGroup * outputs / inputs;
  const blocks = Math.floor(depth / area) * area;
  const values = new Float32Array(area * inputs * columns);
  for (let m = 0; m < area; m++) {
    for (let i = 0; i < inputs; i++) {
      for (let o = 0; o < columns; o++) {
        let sum = 0;
        for (let s = 0; s < depth; s++) {
          const identity = s < blocks && s % area === m ? 1 : 0;
          const d = D ? Number(D.data[(m * depth + s) * inputs + i]) : 0;
          sum += (d + identity) * Number(kernel.data[(s * inputs + i) * columns + o]);
        }
        values[(m * inputs + i) * columns + o] = sum;
      }
    }
  }
  // HWIO, read as it lies.
  return permuted({ shape: [height, width, perGroup, outputs], data: values }, [3, 2, 0, 1]);
}

/** The kernel of do_conv_gluoncv.py: its weight in TensorFlow's order, then the same. */
function gluonKernel(weight: Tensor, D: Tensor | undefined, own: Case) {
  const [outputs, perGroup, height, width] = weight.shape;
  const { data } = permuted(weight, [2, 3, 1, 0]);
  const shape = [height * width, perGroup, outputs];
  return tensorFlowKernel({ dtype: "F32", shape, data }, D, own);
}

const nameOf = ({ inputs, outputs, groups, kernelSize, depth }: Case) =>
  `${inputs} to ${outputs} in ${groups}, ${kernelSize.join("x")}, D_mul ${depth ?? "M·N"}`;

for (const own of CASES) {
  for (const layout of LAYOUTS) {
    if (layout === "authors-gluon" && own.depth !== undefined) continue;
    Deno.test(`${layout}: their layer composes our kernel, and the file is read back, ${nameOf(own)}`, () =>
      withFolder(async (folder) => {
        const model = network(own);
        const tensors = stateInLayout(model, layout);
        const [kernel, D] = [
          tensors.get("0.kernel") ?? tensors.get("0.weight"),
          tensors.get("0.D"),
        ];
        const composed = layout === "authors-gluon" || kernel!.shape.length === 4
          ? gluonKernel(inOrder(kernel!, layout), D, own)
          : tensorFlowKernel(kernel!, D, own);
        const { shape, data } = folded(model, own);
        assertEquals(composed.shape, shape);
        assertWithin([{ name: "kernel", ...deviation(composed.data, data as Float32Array) }], 1e-6);
        const path = `${folder}/w.safetensors`;
        await writeSafetensors(path, tensors);
        const other = network(own);
        other.initialize(2);
        adoptState(other, await readForeignState(path));
        assertEquals(weightsOf(other), weightsOf(model));
      }));
  }
}

/** A plain kernel in OIHW. */
function inOrder(kernel: Tensor, layout: Layout): Tensor {
  return layout === "authors-gluon" ? kernel : { dtype: "F32", ...permuted(kernel, [3, 2, 0, 1]) };
}

const weightsOf = (model: Module) =>
  new Map([...model.stateDict()].filter(([name]) => !name.endsWith("num_batches_tracked")));

Deno.test("other layers have the names and axis order of Keras or Gluon", () => {
  const model = network(CASES[0]);
  const names = (layout: Layout) =>
    [...stateInLayout(model, layout)].map(([name, { shape }]) => `${name} ${shape}`);
  assertEquals(names("authors-tensorflow"), [
    ...["0.kernel 9,3,4", "0.D 9,9,3", "0.bias 4"],
    ...["1.gamma 4", "1.beta 4", "1.moving_mean 4", "1.moving_variance 4", "3.kernel 3,1,4,3"],
    ...["4.gamma 3", "4.beta 3", "4.moving_mean 3", "4.moving_variance 3"],
    ...["7.kernel 3,2", "7.bias 2"],
  ]);
  assertEquals(names("authors-gluon"), [
    ...["0.weight 4,3,3,3", "0.D 9,9,3", "0.bias 4"],
    ...["1.gamma 4", "1.beta 4", "1.running_mean 4", "1.running_var 4", "3.weight 3,4,3,1"],
    ...["4.gamma 3", "4.beta 3", "4.running_mean 3", "4.running_var 3"],
    ...["7.weight 2,3", "7.bias 2"],
  ]);
});

Deno.test("Keras' plain kernels load into DO-Conv, and the authors' 3-axis 1x1 kernels load as plain", async () => {
  const plain = network(CASES[0], "conv");
  const tensors = stateInLayout(plain, "authors-tensorflow");
  await withFolder(async (folder) => {
    const path = `${folder}/w.safetensors`;
    await writeSafetensors(path, tensors);
    const model = network(CASES[0]);
    adoptState(model, await readForeignState(path));
    assertEquals(folded(model, CASES[0]).data, folded(plain, CASES[0]).data);
    const own = CASES.at(-1)!;
    const one = stateInLayout(network(own), "authors-tensorflow");
    const { data, shape: [, , inputs, outputs] } = one.get("0.kernel")!;
    one.set("0.kernel", { dtype: "F32", shape: [1, inputs, outputs], data: data as Float32Array });
    await writeSafetensors(path, one);
    const other = network(own);
    other.initialize(2);
    adoptState(other, await readForeignState(path));
    assertEquals(weightsOf(other), weightsOf(network(own)));
  });
});

Deno.test("layers that the authors' code would compute differently are refused by name", () => {
  const grouped = network({ ...CASES[3], pairing: "authors" });
  for (const layout of LAYOUTS) {
    assertThrows(() => stateInLayout(grouped, layout), InputError, "0: with 2 groups");
  }
  const deep = network(CASES[4]);
  assertThrows(
    () => stateInLayout(deep, "authors-gluon"),
    InputError,
    "0: its depthMultiplier is 7",
  );
});

Deno.test("PyTorch's names are kept, even a layer scale's gamma", () => {
  const model = buildModel("resnet18", { classes: 2, width: 4 });
  model.initialize(1);
  const state = model.stateDict();
  const scaled = new Map([...state, ["x.gamma", state.get("bn1.weight")!]]);
  assert(fromLayouts(scaled) === scaled);
});
