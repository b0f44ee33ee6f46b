/**
 * To be imported before a test opens a GPU. Linux's OpenGL driver is of no use here, and at times
 * corrupts the heap as its thread ends.
 */
if (Deno.build.os === "linux") Deno.env.set("DENO_WEBGPU_BACKEND", "vulkan");
