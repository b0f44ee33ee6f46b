/**
 * DO-Conv as a kind of convolution, and the state dicts of its authors' layer, `DOConv2d` of
 * https://github.com/yangyanli/DO-Conv: `W`, `D`, and the identity that is added to `D` as a
 * separate tensor, `d_diag`; a 1x1 kernel as `W` alone.
 */
import { InputError } from "../../errors.ts";
import { sameShape, type Shape, sizeOf } from "../../graph/types.ts";
import { Conv2d } from "../conv2d.ts";
import { kernelShape } from "../convolution_options.ts";
import { DoConv2d, doConvSchema } from "../do_conv2d.ts";
import type { StateDict } from "../module.ts";
import { isPointwise } from "./branches.ts";
import type { ConvolutionEntry } from "./entry.ts";

/**
 * `do_conv`: every kernel above 1x1 is a {@link DoConv2d}. A 1x1 kernel has nothing to
 * over-parameterize, stays a `Conv2d` and keeps the state-dict name `weight`.
 */
export const doConv: ConvolutionEntry<typeof doConvSchema> = {
  about: "Over-parameterized convolutions (DO-Conv) that fold away after training",
  schema: doConvSchema,
  build: (place, own) =>
    isPointwise(place) ? new Conv2d(place) : new DoConv2d({ ...place, ...own }),
  foreign: {
    recognizes(names) {
      const has = (tensor: string) => names.some((name) => name.split(".").at(-1) === tensor);
      if (!has("W")) return undefined;
      return has("d_diag") ? { pairing: "authors" } : {};
    },
    adopt(layer, tensors) {
      if (layer instanceof Conv2d) return plainKernel(layer, tensors);
      if (layer instanceof DoConv2d) return unfoldedKernel(layer, withoutIdentity(layer, tensors));
      return tensors;
    },
    additions(layer) {
      if (!(layer instanceof DoConv2d)) return undefined;
      if (!layer.D) return new Map();
      checkPairing(layer);
      const { shape } = layer.D;
      return new Map([["d_diag", { shape, data: identityBlocks(shape) }]]);
    },
  },
};

/** The authors' 1x1 kernel `W` [O, I/groups, 1] as `weight`. */
function plainKernel(layer: Conv2d, tensors: StateDict): StateDict {
  const { W, ...others } = Object.fromEntries(tensors);
  const { shape } = layer.weight;
  if (!W || !sameShape([...W.shape, 1], shape)) return tensors;
  return new Map(Object.entries({ ...others, weight: { shape, data: W.data } }));
}

/**
 * The tensor that the layer itself adds to `D`. One of another shape stays, and is then refused.
 */
function withoutIdentity({ D }: DoConv2d, tensors: StateDict): StateDict {
  const { d_diag: identity, ...others } = Object.fromEntries(tensors);
  if (!D || !identity || !sameShape(identity.shape, D.shape)) return tensors;
  return new Map(Object.entries(others));
}

/**
 * Unfolds a plain kernel: it becomes the first kH·kW columns of `W`, further columns that an
 * identity block would add to it are zero, and so is `D`. The layer then computes bit for bit what
 * the plain one does. Columns that are multiplied by zeros keep their values.
 */
function unfoldedKernel({ W, D, options }: DoConv2d, tensors: StateDict): StateDict {
  const { weight, ...others } = Object.fromEntries(tensors);
  const shape = kernelShape(options);
  if (!weight || !sameShape(weight.shape, shape)) return tensors;
  const area = shape[2] * shape[3];
  const depth = W.shape[2];
  const blocks = Math.floor(depth / area) * area;
  const data = W.data.map((value, i) => {
    const column = i % depth;
    if (column < area) return Number(weight.data[Math.floor(i / depth) * area + column]);
    return column < blocks ? 0 : value;
  });
  const unfolded = new Map(Object.entries({ ...others, W: { shape: W.shape, data } }));
  if (D) unfolded.set("D", { shape: D.shape, data: new Float32Array(sizeOf(D.shape)) });
  return unfolded;
}

function checkPairing({ options }: DoConv2d): void {
  const { groups = 1, outChannels, pairing } = options;
  if (pairing === "authors" || groups === 1 || groups === outChannels) return;
  throw new InputError(
    `in ${groups} groups the DO-Conv authors' layer pairs D with other kernel rows than the paper ` +
      "does; only models trained with model.convolution: { name: do_conv, pairing: authors } can be " +
      "exported to it. Folded they load into plain PyTorch layers",
  );
}

/** For each channel of [I, area, S] identity blocks side by side, then columns of zeros. */
function identityBlocks(shape: Shape): Float32Array {
  const [channels, area, depth] = shape;
  const blocks = new Float32Array(sizeOf(shape));
  for (let row = 0; row < channels * area; row++) {
    for (let s = row % area; s < Math.floor(depth / area) * area; s += area) {
      blocks[row * depth + s] = 1;
    }
  }
  return blocks;
}
