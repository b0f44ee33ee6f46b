/**
 * The tensor layouts of the DO-Conv authors' TensorFlow and Gluon layers, and of those libraries' plain
 * layers: `do_conv_tensorflow.py` and `do_conv_gluoncv.py` of
 * https://github.com/yangyanli/DO-Conv. With O outputs, I inputs, g groups, J = I / g, an M×N kernel
 * and S = D_mul:
 *
 * | here | TensorFlow | Gluon |
 * | --- | --- | --- |
 * | `W` [O, J, S] | `kernel` [S, J, O]: kernel[s, j, o] = W[o, j, s] | `weight` [O, J, M, N]: weight[o, j, m, n] = W[o, j, mN + n]; S = MN only |
 * | `D` [I, MN, S] | `D` [MN, S, I]: D[m, s, j g + b] = D[b J + j, m, s] | the same |
 * | convolution `weight` [O, J, M, N] | `kernel` [M, N, J, O] | `weight` |
 * | linear `weight` [O, I] | `kernel` [I, O] | `weight` |
 * | batch norm `weight`, `bias` | `gamma`, `beta` | `gamma`, `beta` |
 * | `running_mean`, `running_var` | `moving_mean`, `moving_variance` | the same as here |
 *
 * Channel b J + j is the j-th of group b. Both layers read `kernel` [S, J, O] as [S, I, O / g] without
 * moving data, so kernel row (o, j) of group b meets channel j g + b of their `D`: the same one for every o
 * of the group, hence the paper's pairing with D's channels in another order. Neither stores the identity
 * that D is added to, nor counts batches.
 */
import { InputError } from "../errors.ts";
import { BatchNorm2d } from "../layers/batch_norm2d.ts";
import { Conv2d } from "../layers/conv2d.ts";
import { DoConv2d } from "../layers/do_conv2d.ts";
import { Linear } from "../layers/linear.ts";
import { floatsOf, type Module, type StateDict, type StateTensor } from "../layers/module.ts";
import { joinPath } from "../layers/names.ts";
import { permuted } from "../layers/permute.ts";
import { pair } from "../ops/conv2d.ts";
import type { Tensor } from "../safetensors/safetensors.ts";
import { tensorsByLayer } from "./wrapper.ts";

/** The layouts, as `export --format` names them. */
export const LAYOUTS = ["authors-tensorflow", "authors-gluon"] as const;

/** One of {@link LAYOUTS}. */
export type Layout = typeof LAYOUTS[number];

/**
 * A model's current tensors, not folded, in the layout of the authors' TensorFlow or Gluon layers. Throws
 * InputError, naming the layer, if the authors' layer would compute something else.
 */
export function stateInLayout(model: Module, layout: Layout): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  for (const [path, layer] of model.namedModules()) {
    for (const [name, tensor] of laidOut(path, layer, layout)) {
      if (name === "num_batches_tracked") continue;
      const { shape } = tensor;
      tensors.set(joinPath(path, name), { dtype: "F32", shape, data: floatsOf(tensor) });
    }
  }
  return tensors;
}

/** A layer's tensors by their names in a layout. */
function laidOut(path: string, layer: Module, layout: Layout): StateDict {
  const isGluon = layout === "authors-gluon";
  const { weight, bias, ...others } = ownTensors(layer);
  if (layer instanceof DoConv2d) {
    const { W, D } = layer;
    checkPairing(path, layer, layout);
    const kernel = isGluon ? plainShape(path, layer) : permuted(W, [2, 1, 0]);
    const own = { [isGluon ? "weight" : "kernel"]: kernel, D: D && theirs(layer, D) };
    return entries({ ...own, bias });
  }
  if (layer instanceof BatchNorm2d) {
    const [mean, variance] = isGluon
      ? ["running_mean", "running_var"]
      : ["moving_mean", "moving_variance"];
    const { running_mean, running_var } = others;
    return entries({ gamma: weight, beta: bias, [mean]: running_mean, [variance]: running_var });
  }
  if (!isGluon && layer instanceof Conv2d) {
    return entries({ kernel: permuted(layer.weight, [2, 3, 1, 0]), bias });
  }
  if (!isGluon && layer instanceof Linear) {
    return entries({ kernel: permuted(layer.weight, [1, 0]), bias });
  }
  return entries({ weight, bias, ...others });
}

/** Tensors by their names within a layer; undefined if the layer has none of that name. */
type Own = Readonly<Record<string, StateTensor | undefined>>;

function entries(tensors: Own): StateDict {
  const own = new Map<string, StateTensor>();
  for (const [name, tensor] of Object.entries(tensors)) if (tensor) own.set(name, tensor);
  return own;
}

function ownTensors(layer: Module): Own {
  return Object.fromEntries([...layer.stateDict()].filter(([name]) => !name.includes(".")));
}

/** `D` with the authors' order of axes and channels. */
function theirs({ options: { groups = 1 } }: DoConv2d, D: StateTensor): StateTensor {
  const [inputs, area, depth] = D.shape;
  const split = { shape: [groups, inputs / groups, area, depth], data: D.data };
  return { shape: [area, depth, inputs], data: permuted(split, [2, 3, 1, 0]).data };
}

/** `W` as the plain kernel that Gluon's layer stores. */
function plainShape(path: string, { W, options }: DoConv2d): StateTensor {
  const [outputs, inputs, depth] = W.shape;
  const [height, width] = pair(options.kernelSize);
  if (depth === height * width) return { shape: [outputs, inputs, height, width], data: W.data };
  throw new InputError(
    `${path}: its depthMultiplier is ${depth}; the authors' Gluon layer supports only ` +
      `${height * width} for a ${height}x${width} kernel: export to another format`,
  );
}

function checkPairing(path: string, { D, options }: DoConv2d, layout: Layout): void {
  const { groups = 1, outChannels, pairing } = options;
  if (!D || pairing !== "authors" || groups === 1 || groups === outChannels) return;
  throw new InputError(
    `${path}: with ${groups} groups, this layer pairs D with kernel rows as the authors' PyTorch layer does, ` +
      `which differs from their layer for ${
        layout.slice("authors-".length)
      }; export it with --format ` +
      "authors",
  );
}

/**
 * Converts tensors in either layout to our names and layout. A layout is recognized by names that PyTorch
 * does not use: `kernel`, `D` next to a `weight`, `gamma` next to `beta`. Other tensors stay unchanged.
 */
export function fromLayouts<T extends StateTensor>(tensors: ReadonlyMap<string, T>): StateDict {
  const layers = [...tensorsByLayer(tensors)]
    .map(([path, own]) => [path, Object.fromEntries(own)] as const);
  const isForeign = ({ kernel, weight, D, gamma, beta }: Own) =>
    kernel && !weight || D && weight || gamma && beta;
  if (!layers.some(([, own]) => isForeign(own))) return tensors;
  return new Map(
    layers.flatMap(([path, own]) =>
      [...entries(asHere(own))].map(([name, tensor]) => [joinPath(path, name), tensor] as const)
    ),
  );
}

/** The axis order that converts a `kernel` of this rank to ours. */
const KERNEL_AXES: Readonly<Record<number, readonly number[]>> = {
  2: [1, 0],
  3: [2, 1, 0],
  4: [3, 2, 0, 1],
};

/** A layer's tensors, from either layout. */
function asHere(own: Own): Own {
  const { kernel, weight, D, gamma, beta, moving_mean, moving_variance, ...others } = own;
  const { running_mean = moving_mean, running_var = moving_variance } = others;
  if (gamma && beta) return { ...others, weight: gamma, bias: beta, running_mean, running_var };
  if (moving_mean && moving_variance) return { ...others, running_mean, running_var };
  const axes = kernel && !weight ? KERNEL_AXES[kernel.shape.length] : undefined;
  if (kernel && axes) {
    const moved = permuted(kernel, axes);
    if (axes.length !== 3) return { ...others, weight: moved };
    return { ...others, W: moved, D: D && ours(D, moved.shape[1]) };
  }
  if (D?.shape.length === 3 && weight?.shape.length === 4) {
    const [outputs, inputs, height, width] = weight.shape;
    const W = { shape: [outputs, inputs, height * width], data: weight.data };
    return { ...others, W, D: ours(D, inputs) };
  }
  return own;
}

/** Their `D` [area, S, I] of a layer with `perGroup` inputs per group, in our order of axes and channels. */
function ours(D: StateTensor, perGroup: number): StateTensor {
  const [area, depth, inputs] = D.shape;
  if (D.shape.length !== 3 || inputs % perGroup !== 0) return D;
  const split = { shape: [area, depth, perGroup, inputs / perGroup], data: D.data };
  return { shape: [inputs, area, depth], data: permuted(split, [3, 2, 0, 1]).data };
}
