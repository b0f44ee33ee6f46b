import { assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { loadCifar } from "../../datasets/cifar.ts";
import type { DatasetInfo } from "../../datasets/dataset.ts";
import { loadIdx } from "../../datasets/idx.ts";
import { LABELS, readImages } from "../../datasets/image_source.ts";
import type { LocatedFiles } from "../../datasets/published_files.ts";
import { InputError } from "../../errors.ts";
import { withFiles } from "../support/pictures.ts";

const digits: DatasetInfo = {
  name: "tiny",
  title: "Tiny",
  classNames: ["zero", "one", "two"],
  imageShape: { height: 2, width: 3, channels: 1 },
  statistics: { mean: [0.5], std: [0.5] },
  sizes: { train: 2, test: 1 },
  targets: { labels: LABELS },
};

function idx(extents: readonly number[], values: readonly number[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(4 + 4 * extents.length + values.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x800 + extents.length);
  extents.forEach((extent, i) => view.setUint32(4 + 4 * i, extent));
  bytes.set(values, 4 + 4 * extents.length);
  return bytes;
}

async function gzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return await new Response(stream).bytes();
}

/** The files of a folder as a dataset's, without checksums. */
function filesIn(folder: string): LocatedFiles["files"] {
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name);
  return new Map(names.map((name) => [name.replace(/\.gz$/, ""), { path: join(folder, name) }]));
}

const idxFiles = {
  "train-images-idx3-ubyte": idx([2, 2, 3], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]),
  "train-labels-idx1-ubyte": idx([2], [2, 0]),
  "t10k-images-idx3-ubyte": idx([1, 2, 3], [20, 21, 22, 23, 24, 25]),
  "t10k-labels-idx1-ubyte": idx([1], [1]),
};

Deno.test("IDX files are read, plain and gzipped", async () => {
  const packed = idxFiles["t10k-images-idx3-ubyte"];
  const { "t10k-images-idx3-ubyte": _, ...others } = idxFiles;
  await withFiles(
    { ...others, "t10k-images-idx3-ubyte.gz": await gzip(packed) },
    async (folder) => {
      const { train, test } = await loadIdx(filesIn(folder), digits);
      assertEquals([...await readImages(train)], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
      assertEquals([...train.targets.labels.data], [2, 0]);
      assertEquals([...await readImages(test)], [20, 21, 22, 23, 24, 25]);
      assertEquals([...test.targets.labels.data], [1]);
      assertEquals(test.count, 1);
    },
  );
});

const idxFaults: [string, Record<string, Uint8Array>, string][] = [
  ["is truncated", {
    "train-images-idx3-ubyte": idxFiles["train-images-idx3-ubyte"].slice(0, -1),
  }, "contains 27 bytes, expected 28"],
  ["is not IDX", { "train-images-idx3-ubyte": new Uint8Array(100) }, "not an IDX file"],
  ["has another number of images", {
    "train-labels-idx1-ubyte": idx([3], [0, 0, 0]),
  }, "its extents are [3], expected [2]"],
  ["has an invalid label", {
    "train-labels-idx1-ubyte": idx([2], [0, 3]),
  }, "record 1 has the label 3, expected 0 to 2"],
];

for (const [what, change, message] of idxFaults) {
  Deno.test(`an IDX file that ${what} is rejected by name`, async () => {
    await withFiles({ ...idxFiles, ...change }, async (folder) => {
      const error = await assertRejects(
        () => loadIdx(filesIn(folder), digits),
        InputError,
        message,
      );
      assertEquals(error.message.includes(Object.keys(change)[0]), true);
      // Deleting files of the user's own folder is not suggested.
      assertEquals(error.message.includes("delete"), false, error.message);
    });
  });
}

Deno.test("a truncated gzip file is rejected by name", async () => {
  const { "train-images-idx3-ubyte": packed, ...others } = idxFiles;
  const cut = (await gzip(packed)).slice(0, -9);
  await withFiles({ ...others, "train-images-idx3-ubyte.gz": cut }, async (folder) => {
    await assertRejects(
      () => loadIdx(filesIn(folder), digits),
      InputError,
      "train-images-idx3-ubyte.gz: not a complete gzip file",
    );
  });
});

Deno.test("an IDX file that is too long is read no further than the expected size", async () => {
  const { "train-images-idx3-ubyte": packed, ...others } = idxFiles;
  const endless = new Uint8Array(50 << 20);
  endless.set(packed);
  const kinds = {
    "train-images-idx3-ubyte": endless,
    "train-images-idx3-ubyte.gz": await gzip(endless),
  };
  for (const [name, bytes] of Object.entries(kinds)) {
    await withFiles({ ...others, [name]: bytes }, async (folder) => {
      await assertRejects(
        () => loadIdx(filesIn(folder), digits),
        InputError,
        "contains more bytes",
      );
    });
  }
});

const photos: DatasetInfo = {
  ...digits,
  imageShape: { height: 1, width: 2, channels: 3 },
  sizes: { train: 2, test: 1 },
};
const layout = { train: ["a.bin", "b.bin"], test: ["t.bin"], labelBytes: 2, labelIndex: 1 };
const records = {
  "a.bin": new Uint8Array([9, 2, 10, 11, 20, 21, 30, 31]),
  "b.bin": new Uint8Array([9, 0, 40, 41, 50, 51, 60, 61]),
  "t.bin": new Uint8Array([9, 1, 70, 71, 80, 81, 90, 91]),
};

Deno.test("CIFAR's colour planes become channels-last pixels, and fine labels are used", async () => {
  await withFiles(records, async (folder) => {
    const { train, test } = await loadCifar(filesIn(folder), photos, layout);
    assertEquals([...await readImages(train)], [10, 20, 30, 11, 21, 31, 40, 50, 60, 41, 51, 61]);
    assertEquals([...train.targets.labels.data], [2, 0]);
    assertEquals([...await readImages(test)], [70, 80, 90, 71, 81, 91]);
    assertEquals([...test.targets.labels.data], [1]);
  });
});

Deno.test("a CIFAR file that is truncated or has an invalid label is rejected by name", async () => {
  await withFiles({ ...records, "b.bin": records["b.bin"].slice(0, 7) }, async (folder) => {
    await assertRejects(
      () => loadCifar(filesIn(folder), photos, layout),
      InputError,
      "b.bin: contains 7 bytes, expected 8",
    );
  });
  await withFiles({ ...records, "t.bin": new Uint8Array(8).fill(200) }, async (folder) => {
    await assertRejects(
      () => loadCifar(filesIn(folder), photos, layout),
      InputError,
      "the label 200",
    );
  });
});
