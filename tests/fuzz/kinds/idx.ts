import { gzipSync } from "node:zlib";
import type { DatasetInfo } from "../../../datasets/dataset.ts";
import { IDX_FILES, loadIdx } from "../../../datasets/idx.ts";
import { LABELS } from "../../../datasets/image_source.ts";
import type { RandomStream } from "../../../graph/random.ts";
import { pick } from "../../support/pick.ts";
import { concatenate, damage } from "../bytes.ts";
import type { Kind } from "../kind.ts";

const INFO: DatasetInfo = {
  name: "tiny",
  title: "Tiny",
  classNames: ["zero", "one", "two"],
  imageShape: { height: 2, width: 3, channels: 1 },
  statistics: { mean: [0.5], std: [0.5] },
  sizes: { train: 2, test: 2 },
  targets: { labels: LABELS },
};

/** Valid files of zeros, in the order of their names. */
const SOUND = IDX_FILES.map((name) => name.includes("images") ? idxFile([2, 2, 3]) : idxFile([2]));

/** Images of a dataset. */
export const idxImages = packed(0);

/** Labels of a dataset. */
export const idxLabels = packed(1);

/** One file of a dataset, gzipped. */
function packed(mutated: number): Kind {
  return {
    file: `${IDX_FILES[mutated]}.gz`,
    samples: () => [gzipSync(SOUND[mutated])],
    mutate(_, random) {
      const change = pick([damage, otherExtents], random);
      return gzipSync(change(SOUND[mutated], random));
    },
    async read(_, folder) {
      for (const [i, name] of IDX_FILES.entries()) {
        if (i !== mutated) await Deno.writeFile(`${folder}/${name}`, SOUND[i]);
      }
      const paths = IDX_FILES.map((name, i) => `${folder}/${name}${i === mutated ? ".gz" : ""}`);
      await loadIdx(new Map(IDX_FILES.map((name, i) => [name, { path: paths[i] }])), INFO);
    },
  };
}

function idxFile(extents: readonly number[]): Uint8Array<ArrayBuffer> {
  const header = new Uint8Array(4 + 4 * extents.length);
  const view = new DataView(header.buffer);
  view.setUint32(0, 0x800 + extents.length);
  extents.forEach((extent, i) => view.setUint32(4 + 4 * i, extent));
  return concatenate([header, new Uint8Array(extents.reduce((size, extent) => size * extent, 1))]);
}

/** A copy with a changed header; half of the copies have more bytes, or far more. */
function otherExtents(plain: Uint8Array, random: RandomStream): Uint8Array {
  const copy = plain.slice();
  const at = 4 * random.integer(copy[3] + 1);
  const extent = pick([0, 1, 3, 2 ** 16, 2 ** 31, 2 ** 32 - 1, random.uint32()], random);
  new DataView(copy.buffer).setUint32(at, extent);
  const more = pick([0, 0, 1, 12, 2 ** 20], random);
  return concatenate([copy, new Uint8Array(more)]);
}
