import { assertEquals } from "@std/assert";
import { sharedGpuWarnings } from "../../cli/prepare_run.ts";

Deno.test("processes on one machine are warned that they may share a GPU", () => {
  const gpu = { name: "webgpu", description: "webgpu: Some GPU" };
  assertEquals(sharedGpuWarnings(gpu, { localSize: 1 }), []);
  assertEquals(sharedGpuWarnings({ name: "cpu", description: "CPU" }, { localSize: 4 }), []);
  const [warning] = sharedGpuWarnings(gpu, { localSize: 4 });
  assertEquals(
    warning,
    "4 processes on this machine compute on webgpu: Some GPU: on the same device, unless each was " +
      "assigned its own GPU (docs/webgpu.md, several GPUs)",
  );
});
