/** The GPU: adapter, device and what can go wrong with them. */
import { InputError, RunError } from "../../errors.ts";
import { DeviceError } from "../backend.ts";
import { canReadEarly } from "./early_read.ts";

/** Options of {@link openDevice}. */
export interface DeviceOptions {
  /** Default: `navigator.gpu`. */
  readonly gpu?: GPU;
  /** Whether a software adapter will do. Default true. */
  readonly software?: boolean;
  /** Whether shaders must know floats of 16 bits. Default false. */
  readonly half?: boolean;
  /** Called with what a person should know though it stops nothing. Default: dropped. */
  readonly warn?: (message: string) => void;
}

/**
 * Limits that programs may need beyond what every adapter gives; asked for as far as this one offers
 * them. Kernels keep to the standard's workgroup memory and invocations.
 */
export const WANTED_LIMITS = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
] as const;

/** A limit of {@link WANTED_LIMITS}. */
export type WantedLimit = typeof WANTED_LIMITS[number];

/** An open device. */
export interface Device {
  readonly gpu: GPUDevice;
  /** One line for a person: what computes. */
  readonly description: string;
  readonly isSoftware: boolean;
  /** Whether the device can time dispatches. */
  readonly hasTimestamps: boolean;
  /** Whether a buffer can be read as soon as it is asked for, if it was mapped before. */
  readonly readsEarly: boolean;
  /**
   * What made the device unusable, if anything has. Set by a loss of the device or an error that
   * WebGPU reports outside any call.
   */
  readonly failure: RunError | undefined;
  /**
   * Calls `listener` once when the device fails, at once if it has. The function that is returned
   * ends that.
   */
  onFailure(listener: (failure: RunError) => void): () => void;
  /** Ends the device; no failure is reported. */
  destroy(): void;
}

/**
 * Opens the adapter's device with all it offers of {@link WANTED_LIMITS}. Throws InputError if there
 * is no adapter, only a software one and that was ruled out, or one without floats of 16 bits where
 * they are needed; RunError if it gives no device.
 */
export async function openDevice(options: DeviceOptions = {}): Promise<Device> {
  const { gpu = globalThis.navigator?.gpu, software = true, half = false } = options;
  const { warn = () => {} } = options;
  const adapter = await gpu?.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) {
    throw new InputError(
      "no WebGPU adapter was found; `overfold doctor` tells the likely cause, and `backend: cpu` " +
        "runs everything without one",
    );
  }
  const { info } = adapter;
  const name = info.description || info.vendor || "unnamed adapter";
  const isSoftware = info.isFallbackAdapter;
  if (isSoftware && !software) {
    throw new InputError(
      `the only WebGPU adapter is software (${name}), far slower than the CPU backend; ask for it ` +
        "with `backend: webgpu`, or use `backend: cpu`",
    );
  }
  if (half && !adapter.features.has("shader-f16")) {
    throw new InputError(
      `\`precision: mixed\` needs the WebGPU feature shader-f16, which this adapter (${name}) does ` +
        "not have; use `precision: fast`, or a newer driver or another adapter",
    );
  }
  if (isSoftware) {
    warn(`the WebGPU adapter is software (${name}): expect it to be slower than \`backend: cpu\``);
  }
  const hasTimestamps = adapter.features.has("timestamp-query");
  let device: GPUDevice;
  try {
    device = await adapter.requestDevice({
      requiredFeatures: [
        ...(hasTimestamps ? ["timestamp-query" as const] : []),
        ...(half ? ["shader-f16" as const] : []),
      ],
      requiredLimits: Object.fromEntries(
        WANTED_LIMITS.map((limit) => [limit, adapter.limits[limit]]),
      ),
    });
  } catch (error) {
    throw new RunError(
      `the WebGPU adapter (${name}) gave no device: ${
        error instanceof Error ? error.message : error
      }; use \`backend: cpu\``,
    );
  }
  const readsEarly = await canReadEarly(device);
  return watch(device, name, { isSoftware, hasTimestamps, readsEarly });
}

function watch(
  gpu: GPUDevice,
  name: string,
  facts: Pick<Device, "isSoftware" | "hasTimestamps" | "readsEarly">,
): Device {
  let failure: RunError | undefined;
  let closed = false;
  const listeners = new Set<(failure: RunError) => void>();
  const fail = (message: string) => {
    if (failure || closed) return;
    failure = new DeviceError(message);
    listeners.forEach((listener) => listener(failure!));
    listeners.clear();
  };
  gpu.addEventListener("uncapturederror", (event) => {
    event.preventDefault();
    fail(
      `the WebGPU device (${name}) reported an error: ${
        (event as GPUUncapturedErrorEvent).error.message
      }`,
    );
  });
  gpu.lost.then(({ message }) =>
    fail(`the WebGPU device (${name}) was lost${message ? `: ${message}` : ""}`)
  );
  return {
    gpu,
    description: `webgpu: ${name}${facts.isSoftware ? " (software)" : ""}`,
    ...facts,
    get failure() {
      return failure;
    },
    onFailure(listener) {
      if (failure) listener(failure);
      else listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    destroy() {
      closed = true;
      gpu.destroy();
    },
  };
}
