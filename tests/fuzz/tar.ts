/** Mutations of tar archives. */
import type { RandomStream } from "../../graph/random.ts";
import { pick } from "../support/pick.ts";
import { repairSum } from "../support/tar.ts";
import { concatenate, damage } from "./bytes.ts";

const BLOCK = 512;

/** Offsets and lengths of a header's fields. */
const FIELDS = [[0, 100], [100, 8], [124, 12], [136, 12], [156, 1], [157, 100], [257, 8], [
  345,
  155,
]];
const NAMES = [
  "../x",
  "/x",
  "a/../../x",
  "C:\\x",
  "..",
  ".",
  "",
  "a/b.txt",
  "a/b.txt/c",
  "\u001b[2J",
];
const SIZES = ["0", "1", "777", "77777777777", "-1", "8", "9x", "17777777777", ""];

/** A copy of a tar archive with a changed header and its right checksum. */
export function otherHeader(plain: Uint8Array, random: RandomStream): Uint8Array {
  const copy = plain.slice();
  const headers = headersOf(copy);
  const header = pick(headers, random);
  const [start, length] = pick(FIELDS, random);
  const field = header.subarray(start, start + length);
  const text = pick(
    [
      () => pick(NAMES, random),
      () => pick(SIZES, random),
      () => String.fromCharCode(...damage(field, random)),
      () => pick(["0", "1", "2", "3", "5", "7", "L", "K", "x", "g", "S", "V"], random),
    ],
    random,
  )();
  field.fill(0);
  field.set(new TextEncoder().encode(text).subarray(0, length));
  if (random.integer(4) === 0) field[0] = 0x80;
  repairSum(header);
  return random.integer(4) ? copy : concatenate([copy.subarray(0, -2 * BLOCK), copy]);
}

function headersOf(archive: Uint8Array): Uint8Array[] {
  const headers: Uint8Array[] = [];
  for (let at = 0; at < archive.length && archive[at] !== 0;) {
    const header = archive.subarray(at, at + BLOCK);
    headers.push(header);
    const size = parseInt(new TextDecoder().decode(header.subarray(124, 136)), 8) || 0;
    at += BLOCK * (1 + Math.ceil(size / BLOCK));
  }
  return headers;
}
