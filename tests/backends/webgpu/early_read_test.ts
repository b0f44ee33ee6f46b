import { assert, assertEquals, assertRejects } from "@std/assert";
import { DeviceError } from "../../../backends/backend.ts";
import { type Device, openDevice } from "../../../backends/webgpu/device.ts";
import { canReadEarly } from "../../../backends/webgpu/early_read.ts";
import { Staging } from "../../../backends/webgpu/staging.ts";
import { gpuTest } from "./gpu.ts";

/**
 * A device whose buffers become mapped and readable when `finish` is called; `isEarly` says whether
 * they can be read at once.
 */
function fakeDevice(isEarly = true) {
  const calls: string[] = [];
  let mapped = Promise.withResolvers<undefined>();
  let isMapped = false;
  const device = {
    readsEarly: true,
    failure: undefined as DeviceError | undefined,
    gpu: {
      createBuffer: () => ({
        mapAsync() {
          calls.push("map");
          isMapped = false;
          mapped = Promise.withResolvers();
          return mapped.promise;
        },
        getMappedRange() {
          calls.push("range");
          if (!isEarly && !isMapped) throw new Error("not mapped");
          return new ArrayBuffer(16);
        },
        unmap() {},
        destroy: () => calls.push("destroy"),
      }),
    },
  };
  const finish = () => {
    isMapped = true;
    mapped.resolve(undefined);
  };
  return { device: device as unknown as Device & { failure?: DeviceError }, calls, finish };
}

gpuTest(
  "this version of Deno reads early; if a new one does too, add it to the list",
  async () => {
    const device = await openDevice();
    assert(device.readsEarly);
    device.destroy();
  },
);

Deno.test("versions not known to read early safely are not probed", async () => {
  // A device on which any call would throw.
  const gpu = {} as GPUDevice;
  for (const version of ["", "2.8.9", "2.10.0", "12.9.0"]) {
    assert(!await canReadEarly(gpu, version), version);
  }
});

Deno.test("a runtime that behaves differently does not read early", async () => {
  const gpuWith = (getMappedRange: () => ArrayBuffer) => {
    const buffer = { mapAsync: async () => {}, getMappedRange, unmap() {}, destroy() {} };
    return {
      createBuffer: () => buffer,
      createCommandEncoder: () => ({ copyBufferToBuffer() {}, finish() {} }),
      queue: { writeBuffer() {}, submit() {} },
    } as unknown as GPUDevice;
  };
  assert(!await canReadEarly(gpuWith(() => Uint32Array.of(1, 0, 0, 0).buffer), "2.9.6"));
  assert(
    !await canReadEarly(
      gpuWith(() => {
        throw new Error("not mapped");
      }),
      "2.9.6",
    ),
  );
});

Deno.test("a buffer is awaited on its first mapping, and read at once later", async () => {
  const { device, calls, finish } = fakeDevice();
  const staging = new Staging(device, "test", 16);
  const first = staging.read(staging.take(), 16, () => calls.push("read"));
  assertEquals(calls, ["map"]);
  finish();
  await first;
  assertEquals(calls, ["map", "range", "read"]);
  const second = staging.read(staging.take(), 16, () => calls.push("read"));
  assertEquals(calls.slice(3), ["map", "range", "read"]);
  await second;
  staging.dispose();
  assertEquals(calls.slice(6), ["destroy"]);
});

Deno.test("a buffer that is not readable early is awaited", async () => {
  const { device, calls, finish } = fakeDevice(false);
  const staging = new Staging(device, "test", 16);
  const read = () => staging.read(staging.take(), 16, () => calls.push("read"));
  const first = read();
  finish();
  await first;
  calls.length = 0;
  const second = read();
  assertEquals(calls, ["map", "range"]);
  finish();
  await second;
  assertEquals(calls, ["map", "range", "range", "read"]);
});

Deno.test("an error in an early read is the device's failure", async () => {
  const { device, finish } = fakeDevice();
  const staging = new Staging(device, "test", 16);
  const first = staging.read(staging.take(), 16, () => {});
  finish();
  await first;
  const reading = staging.read(staging.take(), 16, () => {});
  Object.assign(device, { failure: new DeviceError("the device was lost") });
  await assertRejects(() => reading, DeviceError, "the device was lost");
});
