import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { dtd, dtdOf } from "../../datasets/dtd.ts";
import { InputError } from "../../errors.ts";
import { plainPng } from "../support/pictures.ts";
import { loadReds, tarGzOf, withMirror } from "../support/published.ts";

const NAMES = ["banded_0001", "banded_0002", "polka-dotted_0003"];
const pathOf = (name: string) => `${name.split("_")[0]}/${name}.jpg`;

/** Lists of one image each, a different one in every partition. */
const LISTS = Object.fromEntries(
  [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].flatMap((partition) =>
    ["train", "val", "test"].map((set, i) => [
      `dtd/labels/${set}${partition}.txt`,
      `${pathOf(NAMES[(i + partition) % 3])}\n`,
    ])
  ),
);
const files = async () => ({
  "dtd-r1.0.1.tar.gz": await tarGzOf({
    ...LISTS,
    "dtd/labels/labels_joint_anno.txt": "not used",
    ...Object.fromEntries(
      NAMES.map((name, i) => [`dtd/images/${pathOf(name)}`, plainPng([i, 0, 0])]),
    ),
  }),
});

const of = (options: object) =>
  dtdOf({ ...dtd.schema.parse({}), ...options } as Parameters<typeof dtdOf>[0], [
    "banded",
    "polka-dotted",
  ], 1);

Deno.test("every partition has its own sets, from one download", async () => {
  await withMirror(of({}), await files(), async ({ dataset, where, requests }) => {
    assertEquals(await loadReds(dataset, where), { train: [[1, 0], [2, 1]], test: [[0, 0]] });
    const { remoteFiles } = dataset;
    const second = { ...of({ partition: 2, train: "train", validation: "val" }), remoteFiles };
    assertEquals(await loadReds(second, { ...where, download: false }), {
      train: [[2, 1]],
      test: [[0, 0]],
    });
    assertEquals(requests.length, 1);
    const root = join(where.cache, "datasets", "dtd", "dtd-r1.0.1", "dtd");
    assertEquals((await loadReds(dataset, { root })).test, [[0, 0]]);
    await Deno.writeTextFile(join(root, "labels", "test1.txt"), "banded/../../x.jpg\n");
    await assertRejects(() => loadReds(dataset, where), InputError, "test1.txt: its checksum is");
    await assertRejects(() => loadReds(dataset, { root }), InputError, "test1.txt:1: found");
  });
});

Deno.test("there are 47 textures, and overlapping sets are rejected", () => {
  const { classNames, sizes } = dtdOf(dtd.schema.parse({})).info;
  assertEquals(new Set(classNames).size, 47);
  assertEquals(classNames, classNames.toSorted());
  assertEquals(sizes, { train: 3760, test: 1880 });
  assertThrows(() => of({ validation: "val" }), InputError, "part of trainval");
});
