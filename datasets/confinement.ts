/** Threads that may read some files and do nothing else, for untrusted files. */

/** The web's class, since a library such as ONNX Runtime may later replace it by Node's. */
const { Worker } = globalThis;

/** Whether a thread that runs this module can be started. */
export function canStart(script: URL): boolean {
  if (!("onmessage" in Worker.prototype)) return false;
  // Checked beforehand, because Deno prints the failure of a worker that it may not read.
  return script.protocol !== "file:" || mayRead(script);
}

/** Starts a thread; with `reads` it may only read these files and folders. */
export function startThread(script: URL, reads?: readonly string[]): Worker {
  return new Worker(script, { type: "module", ...(reads ? confinedTo(reads) : {}) });
}

/**
 * Permissions with which a worker can only read files. Deno ends a process that requests them without a
 * flag, which `deno.json` sets; the flag cannot be queried, so another one set together with it shows it.
 */
function confinedTo(reads: readonly string[]): Pick<WorkerOptions, "deno"> {
  if (!("bundle" in Deno)) return {};
  const none = {
    env: false,
    ffi: false,
    import: false,
    net: false,
    run: false,
    sys: false,
  } as const;
  return { deno: { permissions: { ...none, write: false, read: [...reads] } } };
}

function mayRead(path: URL): boolean {
  return Deno.permissions.querySync({ name: "read", path }).state === "granted";
}
