/** Checks the kernels of one node against its op's definition in float64. */

import { assert } from "@std/assert";
import { constant, input, trace } from "../../../graph/trace.ts";
import type { GraphNode, HostTensor, Op, Shape, TensorType, Value } from "../../../graph/types.ts";
import { sizeOf } from "../../../graph/types.ts";
import { apply } from "../../../graph/trace.ts";
import type { Target } from "../../../assembler/mod.ts";
import type { KernelFamily } from "../../../backends/wasm/kernel.ts";
import { assertSameBits, CPU_FORMS } from "../../support/cpu_forms.ts";
import { runnableNode } from "./run_node.ts";

/** Emitted code with and without fused multiply-add; {@link checkNode} checks all of its forms. */
export const TARGETS: readonly Target[] = [
  { wide: 1, relaxedSimd: true },
  { wide: 1, relaxedSimd: false },
];

/** Calls `body` with 1, 2 and 3 threads, and {@link TARGETS} in turn. */
export function forEachForm(body: (target: Target, threads: number) => void): void {
  for (const threads of [1, 2, 3]) body(TARGETS[threads % TARGETS.length], threads);
}

/** Uniform numbers in [0, 1): mulberry32. */
export function randomSource(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** An op on inputs of these shapes. */
export interface NodeCase {
  readonly op: Op;
  readonly inputs: readonly Shape[];
  // deno-lint-ignore no-explicit-any -- each op has its own
  readonly attributes: any;
}

/** A node that applies an op to random constants in [-1, 1). */
export function randomNode({ op, inputs, attributes }: NodeCase, random: () => number): GraphNode {
  let outputs: Value[] = [];
  trace({ name: "case" }, () => {
    const operands = inputs.map((shape) =>
      constant(shape, Float32Array.from({ length: sizeOf(shape) }, () => 2 * random() - 1))
    );
    outputs = apply(op, operands, attributes);
  });
  return outputs[0].node;
}

/** The inputs of a {@link randomNode}. */
export function inputTensors(node: GraphNode): HostTensor[] {
  return node.inputs.map(({ shape, node }) => ({
    shape,
    data: Float64Array.from(node.attributes.data),
  }));
}

/** A node that applies an op to program inputs of these types. */
export function inputNode(
  op: Op,
  types: readonly TensorType[],
  attributes: NodeCase["attributes"] = {},
): GraphNode {
  let outputs: Value[] = [];
  trace({ name: "case" }, () => {
    const operands = types.map(({ shape, dtype }, i) => input(`x${i}`, shape, dtype));
    outputs = apply(op, operands, attributes);
  });
  return outputs[0].node;
}

/**
 * Runs a node on its kernels and asserts that every output is within `tolerance` of the largest
 * magnitude of the float64 result, that padding lanes are finite, and that a second run and the
 * other forms of the code give the same bits.
 *
 * @param tensors the inputs; default: the constants the node is applied to
 */
export function checkNode(
  family: KernelFamily,
  node: GraphNode,
  target: Target,
  threads: number,
  tolerance = 1e-5,
  tensors: readonly HostTensor[] = inputTensors(node),
): void {
  const label = `${node.op.name} ${JSON.stringify(node.attributes)} of ${
    node.inputs.map(({ shape }) => JSON.stringify(shape)).join(" ")
  }, ${JSON.stringify(target)}, ${threads} thread(s)`;
  const expected = node.op.evaluate(tensors, node.attributes, node.outputs);
  using runnable = runnableNode(family, node, target, threads);
  node.inputs.forEach((value, i) => runnable.write(value, tensors[i].data));
  runnable.run();
  const first = node.outputs.map((value) => runnable.read(value));
  node.outputs.forEach((value, i) => {
    const largest = expected[i].reduce((most, x) => Math.max(most, Math.abs(x)), 1e-30);
    const worst = expected[i].reduce((most, x, k) => Math.max(most, Math.abs(x - first[i][k])), 0);
    const finite = first[i].every(Number.isFinite);
    assert(
      finite && worst <= tolerance * largest,
      `${label}: output ${i} is off by ${finite ? worst / largest : NaN} of its largest magnitude`,
    );
    assert(runnable.readPadding(value).every(Number.isFinite), `${label}: padding is not finite`);
  });
  runnable.run();
  node.outputs.forEach((value, i) => {
    const again = runnable.read(value);
    assert(again.every((x, k) => x === first[i][k]), `${label}: a second run differs`);
  });
  const others = CPU_FORMS.slice(1).map(({ form, wide }) => {
    using runnable = runnableNode(family, node, { ...target, wide }, threads, form);
    node.inputs.forEach((value, i) => runnable.write(value, tensors[i].data));
    runnable.run();
    return node.outputs.map((value) => runnable.read(value));
  });
  first.forEach((output, i) =>
    assertSameBits([output, ...others.map((outputs) => outputs[i])], `${label}: output ${i}`)
  );
}
