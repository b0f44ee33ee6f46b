/** Mutations of safetensors files that keep the format. */
import type { RandomStream } from "../../graph/random.ts";
import { pick } from "../support/pick.ts";
import { concatenate } from "./bytes.ts";
import { mutateJson } from "./json.ts";

/** The parts of a file. */
interface Parts {
  readonly header: Record<string, unknown> & { __metadata__?: Record<string, string> };
  readonly data: Uint8Array;
}

/** Splits a valid file. */
export function partsOf(file: Uint8Array): Parts {
  const length = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  const text = new TextDecoder().decode(file.subarray(8, 8 + length));
  return { header: JSON.parse(text), data: file.slice(8 + length) };
}

/** Joins the parts to a file. */
export function fileOf({ header, data }: Parts): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify(header));
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(text.length), true);
  return concatenate([length, text, data]);
}

/**
 * A copy with a changed header, metadata entry or number. `edit` changes the parsed JSON of a
 * metadata entry; this is the most frequent mutation.
 */
export function mutateSafetensors(
  sound: Uint8Array,
  random: RandomStream,
  edit: (key: string, json: unknown, random: RandomStream) => unknown = (_, json) =>
    mutateJson(json, random),
): Uint8Array {
  let { header, data } = partsOf(sound);
  for (let times = 1 + random.integer(2); times > 0; times--) {
    const { __metadata__: metadata = {}, ...tensors } = header;
    const texts = Object.keys(metadata).filter((key) => metadata[key].startsWith("{"));
    const choice = random.integer(8);
    if (texts.length > 0 && choice > 1) {
      const key = pick(texts, random);
      const text = JSON.stringify(edit(key, JSON.parse(metadata[key]), random)) ?? "";
      header = { ...header, __metadata__: { ...metadata, [key]: text } };
    } else if (choice % 2) {
      const mutated = mutateJson(tensors, random);
      header = { __metadata__: metadata, ...mutated as Record<string, unknown> };
    } else {
      data = strangeNumbers(data, random);
    }
  }
  return fileOf({ header, data });
}

/** A copy with some f32 numbers replaced. */
function strangeNumbers(data: Uint8Array, random: RandomStream): Uint8Array {
  const copy = data.slice();
  const view = new DataView(copy.buffer);
  const strange = [NaN, Infinity, 0, -0, 1, -0.5, 1e4, -1e4, 1e38, -1e38, 1e-45];
  for (let times = 1 + random.integer(4); times > 0 && copy.length >= 4; times--) {
    view.setFloat32(4 * random.integer(copy.length >> 2), pick(strange, random), true);
  }
  return copy;
}
