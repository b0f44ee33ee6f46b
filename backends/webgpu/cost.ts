/** The cost of a program on a GPU, computed from its dispatches; no device is needed. */
import { isLeaf } from "../../graph/leaves.ts";
import { optimize } from "../../graph/passes/mod.ts";
import { type Program, sizeOf, type Value } from "../../graph/types.ts";
import { elementBytes } from "../layout.ts";
import { planAllocation } from "./allocation.ts";
import { movedBytes } from "./kernel.ts";
import { FUSION, lowerProgram, variableBuffers } from "./lower.ts";
import { buildShader } from "./shader.ts";

/** The cost of one run. */
export interface ProgramCost {
  /** Dispatches per run. */
  readonly dispatches: number;
  /** Floating-point operations of the kernels that count them: all kinds of matrix products. */
  readonly flops: number;
  /** Bytes that the kernels' own loads and stores move between memory and shaders. */
  readonly bytes: number;
  /** Bytes moved if every op, after fusion, read its inputs and wrote its outputs once. */
  readonly perfectBytes: number;
  /** Different shaders to compile. */
  readonly pipelines: number;
  /** Bytes of GPU memory, variables included. */
  readonly memoryBytes: number;
  /** The same per kernel, in descending order of bytes. */
  readonly kernels: readonly KernelCost[];
}

/** The share of one kernel in a {@link ProgramCost}. */
export interface KernelCost {
  readonly kernel: string;
  readonly dispatches: number;
  readonly flops: number;
  readonly bytes: number;
}

/** Computes the cost of a program. */
export function programCost(program: Program): ProgramCost {
  const variables = variableBuffers([program]);
  const lowered = lowerProgram(program, variables);
  const kernels = [...Map.groupBy(lowered.dispatches, ({ name }) => name)].map(([kernel, all]) => ({
    kernel,
    dispatches: all.length,
    flops: all.reduce((sum, { flops = 0 }) => sum + flops, 0),
    bytes: all.reduce((sum, dispatch) => sum + movedBytes(dispatch), 0),
  }));
  const sum = (key: "dispatches" | "flops" | "bytes") =>
    kernels.reduce((total, kernel) => total + kernel[key], 0);
  return {
    dispatches: sum("dispatches"),
    flops: sum("flops"),
    bytes: sum("bytes"),
    perfectBytes: perfectBytes(program),
    pipelines: new Set(lowered.dispatches.map((dispatch) => buildShader(dispatch).text)).size,
    memoryBytes: planAllocation([lowered], variables).memory.totalBytes,
    kernels: kernels.toSorted((a, b) => b.bytes - a.bytes),
  };
}

function perfectBytes(program: Program): number {
  const bytes = ({ shape, dtype }: Value) => sizeOf(shape) * elementBytes(dtype);
  return optimize(program, FUSION).nodes
    .filter(({ op }) => !isLeaf(op) && !op.viewOffset && op.name !== "pack")
    .flatMap(({ inputs, outputs }) => [...new Set([...inputs, ...outputs])])
    .reduce((sum, value) => sum + bytes(value), 0);
}
