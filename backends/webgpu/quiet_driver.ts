/** Stops Linux drivers from printing a false alarm. */

/**
 * Without a login session `XDG_RUNTIME_DIR` is not set, and GPU drivers print a line about it that
 * reads like an error. They do not need the folder, so any is good enough. Call it before the first
 * use of WebGPU; does nothing if the environment may not be changed.
 */
export function quietDriver(): void {
  const variable = "XDG_RUNTIME_DIR";
  if (globalThis.Deno?.build.os !== "linux") return;
  if (Deno.permissions.querySync({ name: "env", variable }).state !== "granted") return;
  if (Deno.env.get(variable) === undefined) Deno.env.set(variable, "/tmp");
}
