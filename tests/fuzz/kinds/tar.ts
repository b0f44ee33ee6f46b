import { gzipSync } from "node:zlib";
import { packTar, type TarEntry } from "npm:modern-tar@0.8.6";
import { unpackTarGz } from "../../../datasets/archive.ts";
import type { RandomStream } from "../../../graph/random.ts";
import { concatenate, damage, pick } from "../bytes.ts";
import type { Kind } from "../kind.ts";

const BLOCK = 512;

/** Archives of datasets, most packed anew with checksums that are right. */
export const tar: Kind = {
  file: "archive.tar.gz",
  async samples() {
    const long = `${"folder/".repeat(20)}file`;
    const entries: TarEntry[] = [
      { header: { name: "a/", size: 0, type: "directory" } },
      { header: { name: "a/b.txt", size: 5 }, body: "hello" },
    ];
    const longEntry: TarEntry = { header: { name: long, size: 3 }, body: "abc" };
    PLAIN.push(await packTar(entries), await packTar([...entries.slice(1), longEntry]));
    return PLAIN.map((plain) => gzipSync(plain));
  },
  mutate(_, random) {
    const plain = pick(PLAIN, random);
    return gzipSync(random.integer(4) ? otherHeader(plain, random) : damage(plain, random));
  },
  async read(path, folder) {
    const target = `${folder}/unpacked`;
    await Deno.remove(target, { recursive: true }).catch(() => {});
    await unpackTarGz(path, target, MOST_BYTES);
  },
};

const PLAIN: Uint8Array[] = [];
const MOST_BYTES = 2 ** 20;

/** Fields of a header: where they are and how long. */
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

/** A copy with another header, its sum repaired. */
function otherHeader(plain: Uint8Array, random: RandomStream): Uint8Array {
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

function repairSum(header: Uint8Array): void {
  header.fill(0x20, 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.set(new TextEncoder().encode(`${sum.toString(8).padStart(6, "0")}\0 `), 148);
}
