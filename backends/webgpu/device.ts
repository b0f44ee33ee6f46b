/** The GPU: its adapter and device, and their failures. */
import { InputError, messageOf, RunError } from "../../errors.ts";
import { DeviceError } from "../backend.ts";
import { canReadEarly } from "./early_read.ts";

/** Options of {@link openDevice}. */
export interface DeviceOptions {
  /** Default: `navigator.gpu`. */
  readonly gpu?: GPU;
  /** Whether a software adapter is accepted. Default true. */
  readonly software?: boolean;
  /** Whether shaders need 16-bit floats. Default false. */
  readonly half?: boolean;
  /** Called with warnings for the user. Default: none are reported. */
  readonly warn?: (message: string) => void;
}

/**
 * Limits that programs may need beyond the standard's defaults; the adapter's own are requested.
 * Kernels stay within the default workgroup memory and invocations.
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
  /** One line that names the backend and adapter, for the user. */
  readonly description: string;
  readonly isSoftware: boolean;
  /** Whether the device can time dispatches. */
  readonly hasTimestamps: boolean;
  /** Whether a buffer that was mapped before can be read as soon as `mapAsync` returns. */
  readonly readsEarly: boolean;
  /**
   * Why the device is unusable: it was lost, or WebGPU reported an error outside any call.
   * Undefined while it works.
   */
  readonly failure: RunError | undefined;
  /**
   * Calls `listener` once when the device fails, at once if it has failed. Returns a function that
   * removes the listener.
   */
  onFailure(listener: (failure: RunError) => void): () => void;
  /** Destroys the device; no failure is reported. */
  destroy(): void;
}

/**
 * Opens the adapter's device with the adapter's own {@link WANTED_LIMITS}. Throws InputError if
 * there is no adapter, only a software one that is not accepted, or one without the 16-bit floats
 * that are needed; RunError if the adapter provides no device.
 */
export async function openDevice(options: DeviceOptions = {}): Promise<Device> {
  const { gpu = globalThis.navigator?.gpu, software = true, half = false } = options;
  const { warn = () => {} } = options;
  const adapter = await gpu?.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) {
    throw new InputError(
      "no WebGPU adapter was found; `overfold doctor` names the likely cause, and `backend: cpu` " +
        "needs none",
    );
  }
  const { info } = adapter;
  const name = info.description || info.vendor || "unnamed adapter";
  const isSoftware = info.isFallbackAdapter;
  if (isSoftware && !software) {
    throw new InputError(
      `the only WebGPU adapter is software (${name}), far slower than the CPU backend; use ` +
        "`backend: cpu`, or request it with `backend: webgpu`",
    );
  }
  if (half && !adapter.features.has("shader-f16")) {
    throw new InputError(
      `\`precision: mixed\` needs the WebGPU feature shader-f16, which this adapter (${name}) ` +
        "lacks; use `precision: fast`, or a newer driver or another adapter",
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
      `the WebGPU adapter (${name}) provided no device: ${messageOf(error)}; use \`backend: cpu\``,
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
