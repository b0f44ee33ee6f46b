import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { flowers102, flowers102Of } from "../../datasets/flowers102.ts";
import { InputError } from "../../errors.ts";
import { plainPng } from "../support/pictures.ts";
import { loadReds, tarGzOf, withMirror } from "../support/published.ts";

const fixture = (name: string) =>
  Deno.readFile(new URL(`../fixtures/datasets/${name}`, import.meta.url));

// Six images of the classes 2 1 2 1 1 2; the sets are 2 1, 3 4 and 6 5.
const COUNTS = { train: { count: 2 }, val: { count: 2 }, test: { count: 2 } };
const PICTURES = Object.fromEntries(
  [1, 2, 3, 4, 5, 6].map((i) => [`jpg/image_0000${i}.jpg`, plainPng([i, 0, 0])]),
);

async function files(pictures = PICTURES) {
  return {
    "setid.mat": await fixture("setid.mat"),
    "imagelabels.mat": await fixture("imagelabels.mat"),
    "102flowers.tgz": await tarGzOf(pictures),
  };
}

const of = (options: Parameters<typeof flowers102Of>[0]) =>
  flowers102Of(options, ["rose", "lotus"], COUNTS);
const BOTH = { train: "trainval", validation: "test" } as const;

Deno.test("the MAT-files give the sets and classes of flowers", async () => {
  await withMirror(of(BOTH), await files(), async ({ dataset, where, requests }) => {
    assertEquals(await loadReds(dataset, where), {
      train: [[1, 1], [2, 0], [3, 1], [4, 0]],
      test: [[5, 0], [6, 1]],
    });
    const { remoteFiles } = dataset;
    const parts = { ...of({ train: "train", validation: "val" }), remoteFiles };
    assertEquals(await loadReds(parts, { ...where, download: false }), {
      train: [[1, 1], [2, 0]],
      test: [[3, 1], [4, 0]],
    });
    assertEquals(requests.length, 3);
    const folder = join(where.cache, "datasets", "flowers102", "flowers-102");
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), [
      "imagelabels.mat",
      "jpg",
      "setid.mat",
    ]);
    // In torchvision's layout.
    const root = join(where.cache, "datasets", "flowers102");
    assertEquals((await loadReds(dataset, { root })).test, [[5, 0], [6, 1]]);
  });
});

Deno.test("overlapping sets are rejected, and the 102 classes have different names", () => {
  assertThrows(() => of({ train: "trainval", validation: "val" }), InputError, "part of trainval");
  const { info } = flowers102Of(BOTH);
  assertEquals(new Set(info.classNames).size, 102);
  assertEquals(info.sizes, { train: 2040, test: 6149 });
  assertEquals(flowers102.schema.parse({}), BOTH);
});

Deno.test("a changed MAT-file, or one of another dataset, is rejected by name", async () => {
  await withMirror(of(BOTH), await files(), async ({ dataset, where }) => {
    await loadReds(dataset, where);
    const folder = join(where.cache, "datasets", "flowers102", "flowers-102");
    await Deno.copyFile(join(folder, "imagelabels.mat"), join(folder, "setid.mat"));
    await assertRejects(() => loadReds(dataset, where), InputError, "setid.mat: its checksum is");
    await assertRejects(
      () => loadReds(dataset, { root: folder }),
      InputError,
      "setid.mat: it does not contain trnid and valid and tstid",
    );
  });
});
