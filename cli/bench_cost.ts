/** `overfold bench --cost`: what a training step costs on a GPU, computed without one. */

import { programCost } from "../backends/webgpu/cost.ts";
import type { Program } from "../graph/types.ts";
import { formatBytes, formatCount, formatPercent, formatTable } from "../reporting/format.ts";
import type { Context } from "./command.ts";

/** Prints the cost of one execution of a step's program on WebGPU. */
export function reportCost(title: string, program: Program, context: Context): void {
  const { kernels, ...cost } = programCost(program);
  const { dispatches, flops, bytes, perfectBytes, pipelines, memoryBytes } = cost;
  context.print(
    `${title}, one step on WebGPU: ${formatCount(dispatches)} dispatches of ` +
      `${formatCount(pipelines)} pipelines, ${(flops / 1e9).toFixed(2)} GFLOP, ` +
      `${formatBytes(memoryBytes)} of memory`,
  );
  context.print(
    `global memory: ${formatBytes(bytes)} transferred, ${
      (bytes / perfectBytes).toFixed(2)
    } times the ` +
      `${formatBytes(perfectBytes)} of a program that reads and writes each tensor once per op`,
  );
  context.print(formatTable([
    ["kernel", "dispatches", "GFLOP", "moved", "share", "FLOP/byte"],
    ...kernels.map(({ kernel, dispatches, flops, bytes }) => [
      kernel,
      formatCount(dispatches),
      flops === 0 ? "" : (flops / 1e9).toFixed(3),
      formatBytes(bytes),
      formatPercent(bytes / cost.bytes),
      flops === 0 ? "" : (flops / bytes).toFixed(1),
    ]),
  ], ["left", "right", "right", "right", "right", "right"]));
  context.emit({ ...cost, kernels });
}
