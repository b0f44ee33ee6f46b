import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  adapterCheck,
  featuresCheck,
  limitsCheck,
  otherAdapterChecks,
} from "../../cli/doctor_gpu.ts";
import { diagnoseGpu, type GpuSystem } from "../../cli/gpu_system.ts";

/** A desktop with Mesa's drivers. */
const SYSTEM: GpuSystem = {
  hasLoader: true,
  drivers: ["lvp_icd.x86_64.json", "radeon_icd.x86_64.json"],
  hasCuda: false,
  isContainer: false,
};

function adapter(isFallbackAdapter: boolean) {
  return {
    info: { vendor: "4318", device: "8976", description: "Some GPU", isFallbackAdapter },
    limits: {
      maxBufferSize: 2 ** 31,
      maxStorageBufferBindingSize: 2 ** 27,
      maxStorageBuffersPerShaderStage: 32,
      maxComputeWorkgroupStorageSize: 2 ** 15,
      maxComputeInvocationsPerWorkgroup: 1024,
    },
    features: new Set(["timestamp-query"]),
  };
}

Deno.test("doctor distinguishes hardware adapters, software adapters and none", () => {
  const hardware = adapterCheck(adapter(false), SYSTEM);
  assertEquals([hardware.status, hardware.advice], ["ok", undefined]);
  assertStringIncludes(hardware.found, "hardware: Some GPU (10de:2310)");
  for (const [found, shown] of [[adapter(true), "software: Some GPU"], [null, "none"]] as const) {
    const check = adapterCheck(found, SYSTEM);
    assertEquals(check.status, "warn");
    assertStringIncludes(check.found, shown);
    assertStringIncludes(check.advice ?? "", "`backend: auto` uses the CPU");
  }
  assertStringIncludes(adapterCheck(null).advice ?? "", "Direct3D 12 or Metal");
});

Deno.test("doctor shows the low-power adapter if it is a different one", () => {
  const taken = adapter(false);
  assertEquals(otherAdapterChecks(taken, adapter(false)), []);
  const saving = { ...taken, info: { ...taken.info, vendor: "apple", description: "" } };
  const [{ found }] = otherAdapterChecks(taken, saving);
  assertEquals(found, "apple, which is not used");
});

Deno.test("doctor shows limits and features", () => {
  assertStringIncludes(limitsCheck(adapter(false)).found, "bindings of 128.0 MiB");
  const { found } = featuresCheck(adapter(false));
  assertStringIncludes(found, "timestamp-query (times kernels): yes");
  assertStringIncludes(found, "shader-f16 (half precision): no");
});

Deno.test("each cause of a missing GPU has its own advice", () => {
  const causes: [Partial<GpuSystem>, string, string][] = [
    [{ hasLoader: false }, "libvulkan.so.1", "apt install libvulkan1"],
    [{ drivers: ["lvp_icd.x86_64.json"] }, "no GPU driver file", "mesa-vulkan-drivers"],
    [{ hasCuda: true }, "without its Vulkan part", "libnvidia-gl"],
    [
      { hasCuda: true, isContainer: true },
      "its graphics libraries",
      "NVIDIA_DRIVER_CAPABILITIES=all",
    ],
    [{ isContainer: true }, "may not have access to one", "--device /dev/dri"],
    [{}, "you may lack permission", "usermod"],
  ];
  const texts = causes.map(([changes, cause, cure]) => {
    const text = diagnoseGpu({ ...SYSTEM, ...changes });
    assertStringIncludes(text, cause);
    assertStringIncludes(text, cure);
    return text;
  });
  assertEquals(new Set(texts).size, texts.length);
  assert(
    !diagnoseGpu({ ...SYSTEM, drivers: ["nvidia_icd.json"], hasCuda: true }).includes(
      "Vulkan part",
    ),
  );
});
