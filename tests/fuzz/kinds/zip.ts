import { unpackArchive } from "../../../datasets/archive.ts";
import { zipOf } from "../../support/zip.ts";
import type { Kind } from "../kind.ts";

const MAX_BYTES = 2 ** 20;

/** ZIP archives of datasets. */
export const zip: Kind = {
  file: "archive.zip",
  samples: () => [
    zipOf([
      { name: "a/", content: "", method: 0 },
      { name: "a/b.txt", content: "hello ".repeat(20) },
      { name: "c.txt", content: "plain", method: 0 },
    ]),
  ],
  async read(path, folder) {
    const target = `${folder}/unpacked`;
    await Deno.remove(target, { recursive: true }).catch(() => {});
    await unpackArchive(path, target, { maxBytes: MAX_BYTES });
  },
};
