/**
 * Imported before a test opens a GPU. Linux's OpenGL driver is of no use here and sometimes
 * corrupts the heap when its thread ends. Mesa's software adapter spends most of its time compiling
 * shaders: narrow vectors and no optimization save a quarter.
 */
if (Deno.build.os === "linux") {
  Deno.env.set("DENO_WEBGPU_BACKEND", "vulkan");
  Deno.env.set("GALLIVM_PERF", "nopt");
  Deno.env.set("LP_NATIVE_VECTOR_WIDTH", "128");
}
