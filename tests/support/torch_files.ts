/** Files as `torch.save` writes them, with any pickle. */
import { zipOf } from "./zip.ts";

/** Encodes Latin-1 text as bytes. */
export function bytesOf(letters: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(letters.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = letters.charCodeAt(i);
  return bytes;
}

/** A file with a pickle and the storage `0`, by default the f32 1 and 2. */
export function torchFile(
  pickle: Uint8Array,
  storage: Uint8Array = new Uint8Array(Float32Array.of(1, 2).buffer),
): Uint8Array<ArrayBuffer> {
  return zipOf([
    { name: "archive/data.pkl", content: pickle, method: 0 },
    { name: "archive/data/0", content: storage },
    { name: "archive/version", content: "3\n" },
  ]);
}

/** A pickled tensor of that storage, as text, from its pickled shape and stride. */
const tensorOf = (sizes: string) =>
  "ctorch._utils\n_rebuild_tensor_v2\n((U\x07storagectorch\nFloatStorage\n" +
  `U\x010U\x03cpuK\x02tQK\x00${sizes}\x89NtR`;

/** A tensor of its two numbers. */
export const TENSOR = tensorOf("K\x02\x85K\x01\x85");

/** A scalar tensor of the first number. */
export const NUMBER = tensorOf("))");

/** A pickled dictionary of pickled values, as text. */
export function dictionary(entries: Readonly<Record<string, string>>): string {
  const members = Object.entries(entries)
    .map(([key, value]) => `X${String.fromCharCode(key.length)}\0\0\0${key}${value}`);
  return `}(${members.join("")}u`;
}
