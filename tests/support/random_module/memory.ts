/** The memory of random modules: areas for numbers of each kind. */
import type { RandomStream } from "../../../graph/random.ts";

/** Offsets of the areas of memory; each has {@link AREA_BYTES}. */
export const AREAS = { floats: 0, integers: 4096, doubles: 8192, bytes: 12288 } as const;
const AREA_BYTES = 4096;

/** Bytes at the start of a memory that a random module reads and writes. */
export const RANDOM_MODULE_BYTES = 4 * AREA_BYTES;

/** Fills a memory's areas with numbers. */
export function fillMemory(bytes: Uint8Array, random: RandomStream): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const special = [0, -0, 1, -1, Infinity, -Infinity, 3e38, 1e-40, 2147483648, -2147483648, 0.5];
  const number = () =>
    random.integer(8) === 0 ? special[random.integer(special.length)] : 8 * random.uniform() - 4;
  for (let i = 0; i < AREA_BYTES; i += 4) {
    view.setFloat32(AREAS.floats + i, number(), true);
    view.setUint32(AREAS.integers + i, random.uint32(), true);
    view.setUint32(AREAS.bytes + i, random.uint32(), true);
    if (i % 8 === 0) view.setFloat64(AREAS.doubles + i, number(), true);
  }
}

/** Gives all NaNs in a memory the same payload, so that memories can be compared. */
export function settleNaNs(bytes: Uint8Array): void {
  const floats = new Float32Array(bytes.buffer, bytes.byteOffset + AREAS.floats, AREA_BYTES / 4);
  const doubles = new Float64Array(bytes.buffer, bytes.byteOffset + AREAS.doubles, AREA_BYTES / 8);
  floats.forEach((value, i) => floats[i] = Number.isNaN(value) ? NaN : value);
  doubles.forEach((value, i) => doubles[i] = Number.isNaN(value) ? NaN : value);
}
