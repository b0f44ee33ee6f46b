/** The part of `overfold doctor` that checks WebGPU. */

import type { Backend } from "../backends/backend.ts";
import { largestDifference } from "../reporting/largest_difference.ts";
import { referenceBackend } from "../backends/registry.ts";
import { webgpuBackend } from "../backends/webgpu/mod.ts";
import { quietDriver } from "../backends/webgpu/quiet_driver.ts";
import { input, output, trace } from "../graph/trace.ts";
import { type Program, sizeOf } from "../graph/types.ts";
import { conv2d } from "../ops/conv2d.ts";
import { gradients } from "../ops/gradients.ts";
import { relu } from "../ops/relu.ts";
import { sumSquares } from "../ops/sum_squares.ts";
import { formatBytes, formatCount } from "../reporting/format.ts";
import type { Check } from "./check.ts";
import { diagnoseGpu, type GpuSystem, inspectGpuSystem } from "./gpu_system.ts";
import { messageOf } from "../errors.ts";

/** The properties of an adapter that are used here. */
interface AdapterFacts {
  readonly info: {
    readonly vendor: string;
    readonly device: string;
    readonly description: string;
    readonly isFallbackAdapter: boolean;
  };
  readonly limits: Readonly<
    Record<
      | "maxBufferSize"
      | "maxStorageBufferBindingSize"
      | "maxStorageBuffersPerShaderStage"
      | "maxComputeWorkgroupStorageSize"
      | "maxComputeInvocationsPerWorkgroup",
      number
    >
  >;
  readonly features: { has(name: string): boolean };
}

/** Optional features that are used if present, and for what. */
const FEATURES = {
  "timestamp-query": "times kernels",
  "shader-f16": "half precision",
} as const;
/** Largest error of the self-test, relative to the largest number. */
const SELF_TEST_TOLERANCE = 1e-4;

const X_SHAPE = [2, 8, 9, 9];
const WEIGHT_SHAPE = [16, 8, 3, 3];

/** Everything about WebGPU on this machine. */
export async function gpuChecks(): Promise<Check[]> {
  quietDriver();
  const adapter = await navigator.gpu?.requestAdapter({ powerPreference: "high-performance" });
  const saving = await navigator.gpu?.requestAdapter({ powerPreference: "low-power" });
  const system = Deno.build.os === "linux" ? await inspectGpuSystem() : undefined;
  return [
    adapterCheck(adapter ?? null, system),
    ...(adapter && saving ? otherAdapterChecks(adapter, saving) : []),
    ...(adapter ? [limitsCheck(adapter), featuresCheck(adapter), await selfTest()] : []),
  ];
}

/** Which adapter is available; `system` is given on Linux. */
export function adapterCheck(adapter: AdapterFacts | null, system?: GpuSystem): Check {
  const name = "WebGPU adapter";
  const cause = system
    ? diagnoseGpu(system)
    : "update the GPU's driver and the operating system: WebGPU uses Direct3D 12 or Metal";
  const files = system ? `; Vulkan drivers: ${system.drivers.join(", ") || "none"}` : "";
  const advice = (what: string) => `${what}, so \`backend: auto\` uses the CPU: ${cause}`;
  if (!adapter) {
    return { name, status: "warn", found: `none${files}`, advice: advice("there is none") };
  }
  const shown = `${describe(adapter)}${files}`;
  return adapter.info.isFallbackAdapter
    ? { name, status: "warn", found: `software: ${shown}`, advice: advice("it is software") }
    : { name, status: "ok", found: `hardware: ${shown}` };
}

/** Deno's low-power adapter, if it is another one: Deno does not list adapters. */
export function otherAdapterChecks(taken: AdapterFacts, saving: AdapterFacts): Check[] {
  const found = describe(saving);
  return found === describe(taken)
    ? []
    : [{ name: "other WebGPU adapter", status: "ok", found: `${found}, which is not used` }];
}

/** A name, and on Linux the ids by which the Vulkan loader knows the adapter. */
function describe({ info: { vendor, device, description } }: AdapterFacts): string {
  const hex = [vendor, device].map((id) => Number(id).toString(16));
  const ids = /^[0-9]+$/.test(vendor) && /^[0-9]+$/.test(device) ? ` (${hex.join(":")})` : "";
  return `${description || vendor || "unnamed"}${ids}`;
}

/** The limits of the adapter. */
export function limitsCheck({ limits }: AdapterFacts): Check {
  return {
    name: "WebGPU limits",
    status: "ok",
    found: [
      `buffers of ${formatBytes(limits.maxBufferSize)}`,
      `bindings of ${formatBytes(limits.maxStorageBufferBindingSize)}`,
      `${limits.maxStorageBuffersPerShaderStage} storage buffers per shader`,
      `workgroups of ${formatCount(limits.maxComputeInvocationsPerWorkgroup)} invocations and ` +
      formatBytes(limits.maxComputeWorkgroupStorageSize),
    ].join(", "),
  };
}

/** Which of the useful optional features the adapter has. */
export function featuresCheck({ features }: AdapterFacts): Check {
  const found = Object.entries(FEATURES).map(([feature, use]) =>
    `${feature} (${use}): ${features.has(feature) ? "yes" : "no"}`
  );
  return { name: "WebGPU features", status: "ok", found: found.join(", ") };
}

/** Compares a convolution and its gradients between the device and the reference. */
async function selfTest(): Promise<Check> {
  const name = "WebGPU self-test";
  const program = convolutionProgram();
  const start = performance.now();
  try {
    const [expected] = await outputsOf(referenceBackend(), program);
    const found = await outputsOf(await webgpuBackend(), program, 2);
    const difference = Math.max(
      ...found.flatMap((outputs) =>
        Object.keys(expected).map((key) => largestDifference(outputs[key], expected[key]).relative)
      ),
    );
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    const measured = `largest difference ${difference.toExponential(1)}, ${seconds} s`;
    return difference <= SELF_TEST_TOLERANCE ? { name, status: "ok", found: measured } : {
      name,
      status: "fail",
      found: measured,
      advice: "this device computes wrong numbers: update its driver, or set `backend: cpu`",
    };
  } catch (error) {
    // A driver's message about a shader is followed by the shader's text.
    const [advice] = messageOf(error).split("\n");
    return { name, status: "fail", found: "the device failed", advice };
  }
}

function convolutionProgram(): Program {
  return trace({ name: "self-test" }, () => {
    const x = input("x", X_SHAPE), weight = input("weight", WEIGHT_SHAPE);
    const y = relu(conv2d(x, weight, undefined, { padding: 1 }));
    const [dx, dWeight] = gradients(sumSquares(y), [x, weight]);
    output("y", y);
    output("dx", dx);
    output("dWeight", dWeight);
  });
}

/** The outputs of several executions, started together. */
async function outputsOf(
  backend: Backend,
  program: Program,
  runs = 1,
): Promise<Record<string, Float32Array>[]> {
  const executable = await backend.compile([program]);
  try {
    const inputs = { x: wave(sizeOf(X_SHAPE)), weight: wave(sizeOf(WEIGHT_SHAPE)) };
    return await Promise.all(
      Array.from({ length: runs }, () => executable.run(program.name, inputs)),
    );
  } finally {
    executable.dispose();
  }
}

/** Numbers in [-1, 1] without a pattern that could hide indexing mistakes. */
function wave(length: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => Math.sin(1.7 * i * i + 0.3 * i));
}
