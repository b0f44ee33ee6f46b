/** Tensors with permuted axes. */
import { sizeOf } from "../graph/types.ts";
import { floatsOf, type StateTensor } from "./module.ts";

interface FloatTensor extends StateTensor {
  readonly data: Float32Array<ArrayBuffer>;
}

/** A copy of a tensor with axis `axes[i]` as axis `i`, like PyTorch's `permute`. */
export function permuted(tensor: StateTensor, axes: readonly number[]): FloatTensor {
  const strides = tensor.shape.map((_, axis) => sizeOf(tensor.shape.slice(axis + 1)));
  const shape = axes.map((axis) => tensor.shape[axis]);
  const from = floatsOf(tensor);
  const data = new Float32Array(from.length);
  const place = shape.map(() => 0);
  for (let i = 0; i < data.length; i++) {
    data[i] = from[place.reduce((sum, index, axis) => sum + index * strides[axes[axis]], 0)];
    for (let axis = place.length - 1; axis >= 0 && ++place[axis] === shape[axis]; axis--) {
      place[axis] = 0;
    }
  }
  return { shape, data };
}
