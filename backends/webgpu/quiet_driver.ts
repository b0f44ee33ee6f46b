/** Keeps Linux drivers from printing what is no error. */

/**
 * Where nobody logged in, `XDG_RUNTIME_DIR` is not set, and GPU drivers print a line about that which
 * reads like an error. They do not need the folder, so any will do. To be called before the first
 * use of WebGPU; does nothing where the environment may not be changed.
 */
export function quietDriver(): void {
  const variable = "XDG_RUNTIME_DIR";
  if (globalThis.Deno?.build.os !== "linux") return;
  if (Deno.permissions.querySync({ name: "env", variable }).state !== "granted") return;
  if (Deno.env.get(variable) === undefined) Deno.env.set(variable, "/tmp");
}
