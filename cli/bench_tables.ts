/** Tables that show where a step's time goes. */

import type { KernelTiming } from "../backends/backend.ts";
import { formatCount, formatPercent, formatTable } from "../reporting/format.ts";
import { sum } from "../reporting/statistics.ts";

/** The total time of one kind of kernel. */
interface KernelShare {
  readonly kernel: string;
  readonly calls: number;
  /** Of all its calls in a step. */
  readonly milliseconds: number;
  /** 0 for kernels that do not count their operations. */
  readonly gigaflops: number;
  /** Gigabytes per second between kernel and memory; absent if the backend does not count them. */
  readonly gigabytes?: number;
  /** Share of the time of all kernels, 0 to 1. */
  readonly share: number;
}

/** Time by kind of kernel, most expensive first. */
export function shares(timings: readonly KernelTiming[]): KernelShare[] {
  const total = sum(timings.map(({ milliseconds }) => milliseconds));
  const kinds = Map.groupBy(timings, ({ kernel }) => kernel);
  return [...kinds].map(([kernel, calls]) => {
    const milliseconds = sum(calls.map((call) => call.milliseconds));
    const flops = sum(calls.map((call) => call.flops));
    const bytes = sum(calls.map((call) => call.bytes ?? NaN));
    return {
      kernel,
      calls: calls.length,
      milliseconds,
      gigaflops: flops / milliseconds / 1e6,
      ...(Number.isNaN(bytes) ? {} : { gigabytes: bytes / milliseconds / 1e6 }),
      share: milliseconds / total,
    };
  }).sort((a, b) => b.milliseconds - a.milliseconds);
}

/** Formats {@link shares}. */
export function sharesTable(timings: readonly KernelTiming[]): string {
  return formatTable([
    ["kernel", "calls", "ms", "share", "GFLOP/s", "GB/s"],
    ...shares(timings).map(({ kernel, calls, milliseconds, gigaflops, gigabytes, share }) => [
      kernel,
      formatCount(calls),
      milliseconds.toFixed(2),
      formatPercent(share),
      formatRate(gigaflops),
      formatRate(gigabytes),
    ]),
  ], ["left", "right", "right", "right", "right", "right"]);
}

/** Formats every call, in the order of the step. */
export function callsTable(timings: readonly KernelTiming[]): string {
  return formatTable([
    ["kernel", "call", "ms", "GFLOP/s", "GB/s"],
    ...timings.map(({ kernel, label, milliseconds, flops, bytes = 0 }) => [
      kernel,
      label,
      milliseconds.toFixed(3),
      formatRate(flops / milliseconds / 1e6),
      formatRate(bytes / milliseconds / 1e6),
    ]),
  ], ["left", "left", "right", "right", "right"]);
}

/** Empty if nothing was counted. */
function formatRate(rate = 0): string {
  return rate === 0 ? "" : rate.toFixed(1);
}
