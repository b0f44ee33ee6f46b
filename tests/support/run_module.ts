/** Runs a module once. */
import type { Backend } from "../../backends/backend.ts";
import { referenceBackend } from "../../backends/reference/reference.ts";
import { input, output, trace } from "../../graph/trace.ts";
import { type Shape, sizeOf } from "../../graph/types.ts";
import type { Module } from "../../layers/module.ts";
import { layoutState } from "../../layers/state.ts";
import { downloadState, uploadState } from "./state.ts";

/** Deterministic numbers between -1 and 1 without a pattern that could hide errors. */
export function someNumbers(shape: Shape): Float32Array {
  return Float32Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(1.7 * i * i + 0.3 * i));
}

/** What to run; see {@link runModule}. */
export interface RunOptions {
  /** Input; default {@link someNumbers}. */
  readonly x?: Float32Array;
  /** Default false. */
  readonly training?: boolean;
  /** Default the reference backend. */
  readonly backend?: Backend;
  /** Further inputs of the program. */
  readonly inputs?: Record<string, Float32Array | Int32Array>;
}

/** The module's output for one input; updated buffers are written back to the module. */
export async function runModule(
  module: Module,
  shape: Shape,
  options: RunOptions = {},
): Promise<Float32Array> {
  const { x = someNumbers(shape), training = false, backend = referenceBackend() } = options;
  const layout = layoutState(module);
  const { variables, bind } = layout;
  const program = trace({ name: "test", training, variables, bind }, () => {
    output("y", module.call(input("x", shape)));
  });
  const executable = await backend.compile([program]);
  try {
    uploadState(layout, executable);
    const { y } = await executable.run("test", { x, ...options.inputs });
    await downloadState(layout, executable);
    return y;
  } finally {
    executable.dispose();
  }
}
