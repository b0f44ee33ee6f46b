/** A source that reports the permissions of the thread that reads it. */
import type { ImageSource, SourceHandle } from "../../../datasets/image_source.ts";

/** Each may be granted (1) or not (0). */
export const ASKED: readonly Deno.PermissionDescriptor[] = [
  { name: "read", path: import.meta.dirname! },
  { name: "read", path: "/" },
  { name: "write" },
  { name: "net" },
  { name: "env" },
  { name: "run" },
  { name: "ffi" },
  { name: "sys" },
  { name: "import" },
];

/** One image, a pixel for each permission. */
export const confined: ImageSource = {
  count: 1,
  shape: { height: 1, width: ASKED.length, channels: 1 },
  targets: {},
  read(_index, _epoch, into) {
    ASKED.forEach((asked, i) => into[i] = Number(isGranted(asked)));
  },
  slice: () => confined,
  reads: [import.meta.dirname!],
  handle: { kind: import.meta.url } satisfies SourceHandle,
};

/** Called by `sources/registry.ts`. */
export const openSource = (): ImageSource => confined;

function isGranted(asked: Deno.PermissionDescriptor): boolean {
  return Deno.permissions.querySync(asked).state === "granted";
}
