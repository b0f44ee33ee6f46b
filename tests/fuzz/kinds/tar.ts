import { gzipSync } from "node:zlib";
import { packTar, type TarEntry } from "npm:modern-tar@0.8.6";
import { unpackArchive } from "../../../datasets/archive.ts";
import { pick } from "../../support/pick.ts";
import { damage } from "../bytes.ts";
import type { Kind } from "../kind.ts";
import { otherHeader } from "../tar.ts";

/** Archives of datasets, most with valid checksums. */
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
    await unpackArchive(path, target, { maxBytes: MAX_BYTES });
  },
};

const PLAIN: Uint8Array[] = [];
const MAX_BYTES = 2 ** 20;
