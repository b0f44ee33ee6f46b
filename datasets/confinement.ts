/** Threads that may read some files and do nothing else, for what others made. */

/** The web's class: a library such as ONNX Runtime may put Node's in its place later. */
const { Worker } = globalThis;

/** Whether a thread that runs this module can be started at all. */
export function canStart(script: URL): boolean {
  if (!("onmessage" in Worker.prototype)) return false;
  // Asked beforehand, because Deno prints the failure of a worker that it may not read.
  return script.protocol !== "file:" || mayRead(script);
}

/** Starts a thread; with `reads` it may read these files and folders, and nothing else. */
export function startThread(script: URL, reads?: readonly string[]): Worker {
  return new Worker(script, { type: "module", ...(reads ? confinedTo(reads) : {}) });
}

/**
 * What lets a worker read files and do nothing else. Deno ends a process that asks for this without a
 * flag, which `deno.json` gives; the flag cannot be seen, so another that stands beside it tells.
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
