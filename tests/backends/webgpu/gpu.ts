/** Runs programs on the WebGPU adapter of this system and compares them with the reference. */
import type { Backend } from "../../../backends/backend.ts";
import { referenceBackend } from "../../../backends/reference/reference.ts";
import { webgpuBackend } from "../../../backends/webgpu/mod.ts";
import { apply } from "../../../graph/trace.ts";
import { type Op, type Shape, sizeOf, type Value } from "../../../graph/types.ts";
import { assertWithin, deviation } from "../../support/tolerance.ts";
import { hasAdapter } from "../../support/backends.ts";
import { compute, type InputTensor } from "../../support/run.ts";
import { randomSource } from "../wasm/node_check.ts";

let backend: Promise<Backend> | undefined;

/** The backend that all tests of a file share. */
export function gpuBackend(): Promise<Backend> {
  return backend ??= webgpuBackend();
}

/** A test that is skipped if there is no adapter. */
export function gpuTest(name: string, fn: () => Promise<void>): void {
  // The device outlives the test that opened it.
  Deno.test({ name, fn, ignore: !hasAdapter, sanitizeOps: false, sanitizeResources: false });
}

/** Numbers in [-1, 1), the same for equal seeds. */
export function randomData(shape: Shape, seed = 1): Float32Array {
  const random = randomSource(seed);
  return Float32Array.from({ length: sizeOf(shape) }, () => 2 * random() - 1);
}

/** A tensor of {@link randomData}. */
export function randomTensor(shape: Shape, seed = 1): InputTensor {
  return { shape, data: randomData(shape, seed) };
}

/** Computes `build` on the GPU and the reference and asserts that the results agree. */
export async function checkAgainstReference<K extends string>(
  inputs: Readonly<Record<K, InputTensor>>,
  build: (values: Record<K, Value>) => Record<string, Value>,
  tolerance = 1e-5,
): Promise<void> {
  const expected = await compute(referenceBackend(), inputs, build);
  const actual = await compute(await gpuBackend(), inputs, build);
  assertWithin(
    Object.keys(expected).map((name) => ({ name, ...deviation(actual[name], expected[name]) })),
    tolerance,
  );
}

/** An input of {@link checkOp}: its shape, for random floats, or the tensor. */
export type OpInput = Shape | InputTensor;

/** Applies one op to some inputs on both. */
export function checkOp<A>(
  op: Op<A>,
  inputs: readonly OpInput[],
  attributes: A,
  tolerance = 1e-5,
): Promise<void> {
  const tensors = inputs.map((input, i) => "data" in input ? input : randomTensor(input, i + 1));
  return checkAgainstReference(
    Object.fromEntries(tensors.map((tensor, i) => [`x${i}`, tensor])),
    (values) =>
      Object.fromEntries(
        apply(op, tensors.map((_, i) => values[`x${i}`]), attributes)
          .map((value, i) => [`${op.name} ${i}`, value]),
      ),
    tolerance,
  );
}
