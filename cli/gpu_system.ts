/** Why a system shows no WebGPU adapter, or only a software one, and what to do about it. */

import { basename } from "node:path";
import { DRIVER_FOLDERS, driverFiles, LIBRARY_FOLDERS } from "../backends/webgpu/vulkan_drivers.ts";

/** What determines the Vulkan adapters of a Linux system. */
export interface GpuSystem {
  /** Whether the Vulkan loader, `libvulkan.so.1`, is installed. */
  readonly hasLoader: boolean;
  /** Names of the loader's driver files, such as `nvidia_icd.json`. */
  readonly drivers: readonly string[];
  /** Whether NVIDIA's compute libraries are present, as in a container with its GPUs. */
  readonly hasCuda: boolean;
  readonly isContainer: boolean;
}

const CONTAINER_MARKS = ["/.dockerenv", "/run/.containerenv", "/run/systemd/container"];
/** Drivers that compute on the CPU. */
const SOFTWARE_DRIVERS = /^(lvp|vk_swiftshader)/;

/** Inspects this Linux system. */
export async function inspectGpuSystem(): Promise<GpuSystem> {
  return {
    hasLoader: await hasLibrary("libvulkan.so.1"),
    drivers: (await driverFiles()).map((path) => basename(path)),
    hasCuda: await hasLibrary("libcuda.so.1"),
    isContainer: (await Promise.all(CONTAINER_MARKS.map(exists))).includes(true),
  };
}

/** The likely cause of a missing hardware adapter and the remedy, in two sentences. */
export function diagnoseGpu({ hasLoader, drivers, hasCuda, isContainer }: GpuSystem): string {
  if (!hasLoader) {
    return "the Vulkan loader, libvulkan.so.1, is not installed. Install it (Debian, Ubuntu: " +
      "apt install libvulkan1; Fedora: dnf install vulkan-loader) and the GPU's driver";
  }
  const hardware = drivers.filter((name) => !SOFTWARE_DRIVERS.test(name));
  if (hasCuda && !hardware.some((name) => name.startsWith("nvidia"))) {
    return isContainer
      ? "this container has NVIDIA's compute libraries but not its graphics libraries, which " +
        "WebGPU uses. Start it with NVIDIA_DRIVER_CAPABILITIES=all (docker run --gpus all -e " +
        "NVIDIA_DRIVER_CAPABILITIES=all)"
      : "NVIDIA's driver is installed without its Vulkan part, nvidia_icd.json. Install the " +
        "driver's graphics libraries (Debian: nvidia-vulkan-icd; Ubuntu: libnvidia-gl-*)";
  }
  if (hardware.length === 0) {
    return `there is no GPU driver file in ${DRIVER_FOLDERS[0]}. Install its Vulkan driver: ` +
      "Mesa's for AMD and Intel (Debian, Ubuntu: apt install mesa-vulkan-drivers), NVIDIA's own " +
      "for NVIDIA";
  }
  const found = `driver files are present (${hardware.join(", ")}), but none of them finds a GPU`;
  return isContainer
    ? `${found}: this container may not have access to one. Start it with --device /dev/dri, or ` +
      "for NVIDIA with --gpus all -e NVIDIA_DRIVER_CAPABILITIES=all"
    : `${found}: there may be none, or you may lack permission to open it. If ls -l /dev/dri shows one, ` +
      "join its group (usermod -aG render,video $USER) and log in again";
}

async function hasLibrary(name: string): Promise<boolean> {
  const places = LIBRARY_FOLDERS.map((folder) => `${folder}/${name}`);
  if ((await Promise.all(places.map(exists))).includes(true)) return true;
  try {
    const cache = new TextDecoder("latin1").decode(await Deno.readFile("/etc/ld.so.cache"));
    return cache.includes(name);
  } catch {
    return false;
  }
}

function exists(path: string): Promise<boolean> {
  return Deno.stat(path).then(() => true, () => false);
}
