import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import type { DatasetInfo } from "../../datasets/dataset.ts";
import { LABELS, readImages } from "../../datasets/image_source.ts";
import { matricesIn } from "../../datasets/mat.ts";
import type { LocatedFiles } from "../../datasets/published_files.ts";
import { loadSvhn } from "../../datasets/svhn.ts";
import { InputError } from "../../errors.ts";
import { withFiles } from "../support/pictures.ts";

const FIXTURES = new URL("../fixtures/datasets/", import.meta.url);
const fixture = (name: string) => Deno.readFile(new URL(name, FIXTURES));

/** The fixtures' pixels, [count, 3, 2, 3]. */
const pixels = (count: number) => Array.from({ length: count * 18 }, (_, i) => i * 7 % 251);

const digits: DatasetInfo = {
  name: "svhn",
  title: "Tiny",
  classNames: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
  imageShape: { height: 3, width: 2, channels: 3 },
  statistics: { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
  sizes: { train: 4, test: 2 },
  targets: { labels: LABELS },
};

function located(folder: string): LocatedFiles["files"] {
  return new Map(
    ["train", "extra", "test"].map((part) => {
      const name = `${part}_32x32.mat`;
      return [name, { path: join(folder, name) }];
    }),
  );
}

async function matrices(bytes: Uint8Array<ArrayBuffer>) {
  const found: Record<string, readonly [shape: readonly number[], numbers: readonly number[]]> = {};
  for await (const matrix of matricesIn(new Blob([bytes]).stream(), "a.mat")) {
    found[matrix.name] = [matrix.shape, await matrix.numbers(100)];
  }
  return found;
}

Deno.test("SciPy's MAT-files are read, compressed and plain", async () => {
  assertEquals(await matrices(await fixture("setid.mat")), {
    trnid: [[1, 2], [2, 1]],
    valid: [[1, 2], [3, 4]],
    tstid: [[1, 2], [6, 5]],
  });
  assertEquals((await matrices(await fixture("imagelabels.mat"))).labels, [[1, 6], [
    2,
    1,
    2,
    1,
    1,
    2,
  ]]);
  const plain = await matrices(await fixture("svhn_plain.mat"));
  assertEquals(Object.keys(plain), ["y", "X"]);
  assertEquals(plain.y, [[2, 1], [2, 10]]);
  assertEquals(plain.X[0], [3, 2, 3, 2]);
});

Deno.test("a MAT-file truncated anywhere, or of another version, is rejected by name", async () => {
  for (const name of ["setid.mat", "svhn_plain.mat"]) {
    const bytes = await fixture(name);
    const ends = [0, 3, 127, ...Array.from({ length: bytes.length - 129 }, (_, i) => 129 + i)];
    for (const end of ends) {
      const error = await matrices(bytes.slice(0, end)).catch((error) => error);
      // Truncation between two elements cannot be detected.
      if (!(error instanceof Error)) continue;
      assertEquals(error instanceof InputError, true, `${name} to ${end}: ${error}`);
      assertEquals(error.message.startsWith("a.mat: not a valid MAT-file"), true, error.message);
    }
    assertEquals(await matrices(bytes.slice(0, -1)).catch((error) => error.name), "InputError");
  }
  const hdf5 = new TextEncoder().encode("MATLAB 7.3 MAT-file".padEnd(200));
  await assertRejects(() => matrices(hdf5), InputError, "its header is wrong");
});

Deno.test("a matrix with fewer numbers than its extents is rejected by name", async () => {
  const bytes = await fixture("svhn_plain.mat");
  const extents = bytes.findIndex((_, i) => String(bytes.subarray(i, i + 8)) === "2,0,0,0,1,0,0,0");
  bytes[extents] = 3;
  await assertRejects(() => matrices(bytes), InputError, "y has 2 numbers, expected 3");
});

Deno.test("SVHN's columns become channels-last pixels, and its label 10 the digit 0", async () => {
  const [packed, plain] = [await fixture("svhn_packed.mat"), await fixture("svhn_plain.mat")];
  const files = { "train_32x32.mat": packed, "extra_32x32.mat": plain, "test_32x32.mat": plain };
  await withFiles(files, async (folder) => {
    const { train, test } = await loadSvhn(located(folder), digits, [4]);
    assertEquals([...await readImages(train)], pixels(4));
    assertEquals([...train.targets.labels.data], [0, 1, 9, 3]);
    assertEquals([...await readImages(test)], pixels(2));
    assertEquals([...test.targets.labels.data], [2, 0]);
    const more = await loadSvhn(located(folder), digits, [4, 2]);
    assertEquals([...await readImages(more.train)], [...pixels(4), ...pixels(2)]);
    assertEquals([...more.train.targets.labels.data], [0, 1, 9, 3, 2, 0]);
  });
});

Deno.test("SVHN files with unexpected contents are rejected by name", async () => {
  const [packed, labels] = [await fixture("svhn_packed.mat"), await fixture("imagelabels.mat")];
  const load = (train: Uint8Array) =>
    withFiles({ "train_32x32.mat": train }, async (folder) => {
      await loadSvhn(located(folder), digits, [4]);
    });
  await assertRejects(
    () => load(labels),
    InputError,
    "train_32x32.mat: it does not contain X and y",
  );
  await assertRejects(
    () => load(packed.slice(0, -20)),
    InputError,
    "train_32x32.mat: not a valid",
  );
  await withFiles({ "train_32x32.mat": packed }, async (folder) => {
    const error = await assertRejects(() => loadSvhn(located(folder), digits, [5]), InputError);
    assertEquals(
      error.message.endsWith(
        "train_32x32.mat: X is of bytes, [3, 2, 3, 4]; expected bytes, [3, 2, 3, 5]",
      ),
      true,
      error.message,
    );
  });
});
