/**
 * To be imported before a test opens a GPU. Linux's OpenGL driver is of no use here, and at times
 * corrupts the heap as its thread ends. Mesa's software adapter spends most of its time on compiling
 * shaders: narrow vectors and no optimization take a quarter less.
 */
if (Deno.build.os === "linux") {
  Deno.env.set("DENO_WEBGPU_BACKEND", "vulkan");
  Deno.env.set("GALLIVM_PERF", "nopt");
  Deno.env.set("LP_NATIVE_VECTOR_WIDTH", "128");
}
