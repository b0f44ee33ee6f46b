import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { readImages } from "../../datasets/image_source.ts";
import { BatchLoader } from "../../datasets/loader.ts";
import { type DatasetChoice, type DatasetOptions, loadDataset } from "../../datasets/open.ts";
import { InputError } from "../../errors.ts";
import { batchTexts } from "../support/collected.ts";
import { withFolder } from "../support/folder.ts";

/**
 * Files written by pyarrow: 12 rows of images whose red is ten times the row, with the row modulo 3 as
 * label unless the file's name says otherwise.
 */
const FIXTURES = new URL("../fixtures/shards/", import.meta.url).pathname;

/** Loads one of the {@link FIXTURES}. */
async function load(name: string, options: object = {}, where: DatasetOptions = {}) {
  const choice = { name: "parquet", train: `${FIXTURES}${name}.parquet`, ...options };
  let data: Awaited<ReturnType<typeof loadDataset>> | undefined;
  await withFolder(async (cache) => {
    data = await loadDataset(choice as DatasetChoice, {
      evalTransforms: [{ name: "fit", size: 1 }],
      cache,
      ...where,
    });
  });
  return data!;
}

/** The rows of a dataset's images, with their labels. */
async function rowsOf({ train, test }: Awaited<ReturnType<typeof load>>) {
  const rows: [number, number[]][] = [];
  for (const split of [train, test]) {
    const pixels = await readImages(split);
    const { data, shape } = split.targets.labels ?? split.targets.targets;
    const width = shape.length === 0 ? 1 : shape[0];
    for (let i = 0; i < split.count; i++) {
      rows.push([pixels[3 * i] / 10, [...data.subarray(i * width, (i + 1) * width)]]);
    }
  }
  return rows.toSorted(([a], [b]) => a - b);
}

const ALL = Array.from({ length: 12 }, (_, row) => row);

for (
  const name of [
    ...["hf", "none", "gzip", "brotli", "zstd", "pages_v2", "small_pages", "required"],
  ]
) {
  Deno.test(`${name}.parquet is read with its labels`, async () => {
    const data = await load(name);
    assertEquals(data.classNames, ["cat", "dog", "owl"]);
    assertEquals(await rowsOf(data), ALL.map((row) => [row, [row % 3]]));
  });
}

Deno.test("columns with common names are found, others can be named", async () => {
  const plain = await load("plain_columns");
  assertEquals(plain.classNames, ["ant", "bird"]);
  assertEquals(await rowsOf(plain), ALL.map((row) => [row, [row % 2]]));
  const coarse = await load("two_labels", { label: "coarse", classes: ["b", "a"] });
  assertEquals(await rowsOf(coarse), ALL.map((row) => [row, [1 - row % 2]]));
});

Deno.test("a column of lists gives several labels", async () => {
  const data = await load("lists", { severalLabels: true });
  // Rows 0 and 8 have empty lists: they show no class.
  assertEquals(
    await rowsOf(data),
    ALL.map((row) => [row, [0, 1, 2].map((c) => row >> c & 1)]),
  );
});

Deno.test("rows without a label are skipped, rows without an image are broken images", async () => {
  const notices: string[] = [];
  const where = { onNotice: (line: string) => notices.push(line), onError: "skip" } as const;
  const data = await load("some_missing", { validation: `${FIXTURES}hf.parquet` }, where);
  assertEquals(data.sizes, { train: 10, test: 12 });
  assert(notices[0].endsWith("skipped 2 × row without a label"), notices[0]);
  const rows = await rowsOf(data);
  rows.forEach(([row, [label]]) => assertEquals(row % 3, label));
  const complaints = [data.train, data.test].flatMap((split) => split.complaints?.() ?? []);
  assertEquals(complaints.length, 3);
  assert(
    complaints[0].endsWith(
      "some_missing.parquet/row 0: the row contains no image, only its " +
        "path or nothing",
    ),
    complaints[0],
  );
});

Deno.test("any number of workers serves the same images, also from mid-epoch", async () => {
  const { train } = await load("small_pages");
  const collect = async (workers: number, start = 0) => {
    using loader = new BatchLoader(train, { batchSize: 2, seed: 3, shuffle: true, workers });
    return await batchTexts(loader.epoch(1, start));
  };
  const expected = await collect(1);
  assertEquals(await collect(2), expected);
  assertEquals(await collect(2, 2), expected.slice(2));
});

Deno.test("unsupported, ambiguous and damaged files are rejected", async () => {
  const refused: [string, object, string][] = [
    ["lz4", {}, "compressed with LZ4"],
    ["delta", {}, "its values are stored as DELTA_BINARY_PACKED, which is not supported"],
    ["two_labels", {}, "choose one with label: label, coarse"],
    ["two_labels", { label: "fine" }, "it has no column fine; it has image, label, coarse"],
    ["two_labels", { picture: "label" }, "its column label contains no files"],
    ["no_label", {}, "choose one with label: image, caption"],
    ["strange_label", {}, "row 0 has the label 0.5; expected an integer or text"],
    ["beyond", {}, "row 3 has the label 3; expected 0 to 2"],
    ["lists", {}, "row 3 has 2 labels, expected one; several need severalLabels: true"],
  ];
  for (const [name, options, message] of refused) {
    const error = await assertRejects(async () => {
      const { train } = await load(name, options);
      await readImages(train);
    }, InputError);
    assert(error.message.startsWith(`${FIXTURES}${name}.parquet`), error.message);
    assert(error.message.includes(message), error.message);
  }
  const sound = await Deno.readFile(`${FIXTURES}hf.parquet`);
  await withFolder(async (folder) => {
    const path = join(folder, "changed.parquet");
    const changes: [(bytes: Uint8Array) => Uint8Array, string][] = [
      [(bytes) => bytes.subarray(0, 100), "not a Parquet file, or its end is missing"],
      [() => new Uint8Array(), "not a Parquet file"],
      [(bytes) => new Uint8Array([...bytes.subarray(0, -2), 69, 49]), "not a Parquet file"],
      [
        (bytes) => bytes.fill(255, bytes.length - 8, bytes.length - 4),
        "it is damaged: a footer of",
      ],
      [(bytes) => bytes.fill(255, bytes.length - 300, bytes.length - 8), "it is damaged"],
      [(bytes) => bytes.fill(0, 4, 40), "it is damaged"],
    ];
    for (const [change, message] of changes) {
      await Deno.writeFile(path, change(sound.slice()));
      const error = await assertRejects(async () => {
        const { train, test } = await load("", { train: path });
        await readImages(train);
        await readImages(test);
      }, InputError);
      assert(error.message.startsWith(path) && error.message.includes(message), error.message);
    }
  });
});
