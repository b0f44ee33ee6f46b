/** Where Linux systems install Vulkan's drivers. */

/** Folders of the files that describe drivers. */
export const DRIVER_FOLDERS: readonly string[] = [
  "/usr/share/vulkan/icd.d",
  "/usr/local/share/vulkan/icd.d",
  "/etc/vulkan/icd.d",
  "/run/opengl-driver/share/vulkan/icd.d",
];

/** Folders of shared libraries, drivers among them. */
export const LIBRARY_FOLDERS: readonly string[] = [
  "/usr/lib/x86_64-linux-gnu",
  "/usr/lib/aarch64-linux-gnu",
  "/usr/lib64",
  "/usr/lib",
  "/usr/local/lib",
  "/run/opengl-driver/lib",
];

/** Paths of the files that describe this system's drivers, sorted; none on other systems. */
export async function driverFiles(): Promise<string[]> {
  return (await Promise.all(DRIVER_FOLDERS.map(jsonFilesIn))).flat().sort();
}

async function jsonFilesIn(folder: string): Promise<string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(folder)))
      .filter(({ name }) => name.endsWith(".json"))
      .map(({ name }) => `${folder}/${name}`);
  } catch {
    // Missing, or this process may not read it.
    return [];
  }
}
