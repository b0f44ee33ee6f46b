import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DeviceError, MemoryLimitError } from "../../../backends/backend.ts";
import { planPrograms } from "../../../backends/webgpu/compile.ts";
import type { Device } from "../../../backends/webgpu/device.ts";
import { checkLimits, fitsLimits } from "../../../backends/webgpu/limits.ts";
import { webgpuBackend } from "../../../backends/webgpu/mod.ts";
import { NO_TUNING } from "../../../backends/webgpu/tuning.ts";
import { Readback } from "../../../backends/webgpu/readback.ts";
import { InputError, RunError } from "../../../errors.ts";
import { input, output, readVariable, trace } from "../../../graph/trace.ts";
import { relu } from "../../../ops/relu.ts";
import { scale } from "../../../ops/scale.ts";
import { gpuBackend, gpuTest } from "./gpu.ts";

const program = trace({ name: "relu" }, () => output("y", relu(input("x", [1024, 1024]))));
const x = new Float32Array(1 << 20).fill(2);

/** WebGPU with this adapter, and the devices it opened. */
function gpuWith(adapter: GPUAdapter | null) {
  const devices: GPUDevice[] = [];
  const watched = adapter && new Proxy(adapter, {
    get(target, key) {
      if (key === "requestDevice") {
        return async (descriptor?: GPUDeviceDescriptor) => {
          const device = await target.requestDevice(descriptor);
          devices.push(device);
          return device;
        };
      }
      return Reflect.get(target, key, target);
    },
  });
  const gpu = { requestAdapter: () => Promise.resolve(watched) } as unknown as GPU;
  return { gpu, devices };
}

Deno.test("a missing adapter is reported as a problem that the user can fix", async () => {
  const { gpu } = gpuWith(null);
  const error = await assertRejects(() => webgpuBackend({ gpu }), InputError);
  assert(error.message.includes("doctor") && error.message.includes("backend: cpu"));
});

const LIMITS = {
  maxBufferSize: 2 ** 30,
  maxStorageBufferBindingSize: 2 ** 30,
  maxStorageBuffersPerShaderStage: 8,
};

Deno.test("the error for an exceeded limit names the limit, the amount and a remedy", () => {
  const plan = planPrograms([program], NO_TUNING);
  const limits = { ...LIMITS, maxStorageBufferBindingSize: 2 ** 20 };
  const check = (changes: Partial<typeof limits>) =>
    checkLimits(plan, { ...limits, ...changes }, "a small adapter");
  const { message } = assertThrows(() => check({}), MemoryLimitError);
  for (const part of ["maxStorageBufferBindingSize", "4.0 MiB", "1.0 MiB", "smaller batch"]) {
    assert(message.includes(part), message);
  }
  assert(!fitsLimits(plan, limits));
  check({ maxStorageBufferBindingSize: 2 ** 22 });
  assert(fitsLimits(plan, { ...limits, maxStorageBufferBindingSize: 2 ** 22 }));
  const few = { maxStorageBufferBindingSize: 2 ** 22, maxStorageBuffersPerShaderStage: 1 };
  assert(assertThrows(() => check(few)).message.includes("maxStorageBuffersPerShaderStage"));
});

Deno.test("a buffer that does not grow with the batch gives no advice to reduce the batch", () => {
  const weights = trace({ name: "weights", variables: [{ name: "v", size: 1 << 20 }] }, () => {
    output("y", scale(readVariable("v", 0, [1 << 20]), 2));
  });
  const plan = planPrograms([weights], NO_TUNING);
  const limits = { ...LIMITS, maxBufferSize: 2 ** 20 };
  const error = assertThrows(() => checkLimits(plan, limits, "a small adapter"), InputError);
  assert(!(error instanceof MemoryLimitError) && error.message.includes("smaller model"));
});

gpuTest(
  "a software adapter gives a warning if WebGPU was requested, and is refused otherwise",
  async () => {
    const adapter = await navigator.gpu.requestAdapter();
    if (!adapter?.info.isFallbackAdapter) return;
    const warnings: string[] = [];
    const backend = await webgpuBackend({ warn: (message) => warnings.push(message) });
    assertEquals(warnings.length, 1);
    assert(backend.description.includes("software"));
    await assertRejects(() => webgpuBackend({ software: false }), InputError);
  },
);

gpuTest(
  "a lost device is reported by runs in flight and later calls",
  async () => {
    const { gpu, devices } = gpuWith(await navigator.gpu.requestAdapter());
    const backend = await webgpuBackend({ gpu });
    const executable = await backend.compile([program]);
    const [{ y }] = await Promise.all([executable.run("relu", { x })]);
    assertEquals(y[7], 2);
    const inFlight = [executable.run("relu", { x }), executable.run("relu", { x })];
    devices[0].destroy();
    for (const run of inFlight) {
      await assertRejects(() => run, DeviceError, "lost");
    }
    await assertRejects(() => executable.run("relu", { x }), DeviceError, "lost");
    await assertRejects(() => backend.compile([program]), DeviceError, "lost");
    executable.dispose();
  },
);

gpuTest("losing the device while kernels are timed is reported", async () => {
  const adapter = await navigator.gpu.requestAdapter();
  if (!adapter?.features.has("timestamp-query")) return;
  const { gpu, devices } = gpuWith(adapter);
  const executable = await (await webgpuBackend({ gpu })).compile([program]);
  await executable.run("relu", { x });
  const timings = executable.profile("relu", 100);
  devices[0].destroy();
  await assertRejects(() => timings, DeviceError, "lost");
  executable.dispose();
});

gpuTest("pending results are rejected when the executable is disposed of", async () => {
  const executable = await (await gpuBackend()).compile([program]);
  const inFlight = Array.from({ length: 10 }, () => executable.run("relu", { x }));
  executable.dispose();
  for (const run of inFlight) await assertRejects(() => run, RunError, "disposed of");
  const message = "have been disposed of";
  assertThrows(() => executable.run("relu", { x }), InputError, message);
});

Deno.test("disposing of a readback frees its buffers, even those in use, and removes its listener", async () => {
  const buffers = new Set<unknown>();
  const listeners = new Set<unknown>();
  const gpu = {
    createBuffer() {
      const buffer = {
        mapAsync: () => Promise.resolve(),
        getMappedRange: () => new ArrayBuffer(64),
        unmap() {},
        destroy: () => buffers.delete(buffer),
      };
      buffers.add(buffer);
      return buffer;
    },
  };
  const onFailure = (listener: unknown) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  const readback = new Readback({ gpu, onFailure } as unknown as Device, 4);
  const runs = Array.from({ length: 10 }, () => readback.add(() => {}));
  assertEquals([buffers.size, listeners.size], [2, 1]);
  readback.dispose();
  for (const run of runs) await assertRejects(() => run, RunError, "disposed of");
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals([buffers.size, listeners.size], [0, 0]);
});

gpuTest("outputs of many runs arrive in order, and none waits for the next", async () => {
  const executable = await (await gpuBackend()).compile([
    trace({ name: "relu" }, () => output("y", relu(input("x", [3])))),
  ]);
  const runs = Array.from(
    { length: 50 },
    (_, i) => executable.run("relu", { x: Float32Array.of(i, -i, 1) }),
  );
  const results = await Promise.all(runs);
  assertEquals(results.map(({ y }) => y[0]), runs.map((_, i) => i));
  const alone = await executable.run("relu", { x: Float32Array.of(7, 0, 0) });
  assertEquals([...alone.y], [7, 0, 0]);
  await assertRejects(
    () => Promise.resolve().then(() => executable.run("relu", { x: Float32Array.of(1) })),
    InputError,
  );
  executable.dispose();
});

gpuTest("the kernels of a program are timed if the adapter has timestamps", async () => {
  const adapter = await navigator.gpu.requestAdapter();
  if (!adapter?.features.has("timestamp-query")) return;
  const executable = await (await gpuBackend()).compile([program]);
  await assertRejects(
    () => Promise.resolve().then(() => executable.profile("relu", 1)),
    InputError,
  );
  await executable.run("relu", { x });
  const [timing] = await executable.profile("relu", 2);
  assertEquals([timing.kernel, timing.label], ["relu", "relu"]);
  assert(timing.milliseconds > 0);
  executable.dispose();
});
