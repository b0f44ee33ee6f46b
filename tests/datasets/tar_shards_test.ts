import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { readImages } from "../../datasets/image_source.ts";
import { BatchLoader } from "../../datasets/loader.ts";
import { type DatasetChoice, type DatasetOptions, loadDataset } from "../../datasets/open.ts";
import { InputError } from "../../errors.ts";
import { batchTexts } from "../support/collected.ts";
import { plainPng, withFiles } from "../support/pictures.ts";
import { tarOf } from "../support/tar.ts";

type Files = Readonly<Record<string, Uint8Array | string>>;

/** Samples `from` to `to` - 1: red images as bright as their number, with labels 0, 1 and 2. */
function samples(from: number, to: number, label = (i: number): Files => ({ cls: `${i % 3}` })) {
  return Object.assign(
    {},
    ...Array.from({ length: to - from }, (_, i) => {
      const name = `train/${from + i}`;
      const labels = Object.entries(label(from + i)).map(([ending, text]) => [
        `${name}.${ending}`,
        text,
      ]);
      return { [`${name}.png`]: plainPng([from + i, 0, 0]), ...Object.fromEntries(labels) };
    }),
  ) as Files;
}

/** Runs a test in a folder with archives of these files. */
async function withShards(
  shards: Readonly<Record<string, Files>>,
  test: (folder: string) => Promise<void>,
): Promise<void> {
  const packed = await Promise.all(
    Object.entries(shards).map(async ([name, files]) => [name, await tarOf(files)]),
  );
  await withFiles(Object.fromEntries(packed), test);
}

/** Loads shards of a folder, with the cache in it. */
function load(folder: string, options: object, where: DatasetOptions = {}) {
  const choice = { name: "tar_shards", ...options } as DatasetChoice;
  return loadDataset(choice, {
    evalTransforms: [{ name: "fit", size: 1 }],
    cache: join(folder, "cache"),
    ...where,
  });
}

const SHARDS = {
  "s-00.tar": samples(0, 10),
  "s-01.tar": samples(10, 20),
  "v.tar": samples(20, 25),
};

Deno.test("images of several archives are read with their labels", () =>
  withShards(SHARDS, async (folder) => {
    const data = await load(folder, {
      train: join(folder, "s-{00..01}.tar"),
      validation: join(folder, "v*.tar"),
      classes: ["red", "green", "blue"],
    });
    assertEquals(data.classNames, ["red", "green", "blue"]);
    assertEquals(data.sizes, { train: 20, test: 5 });
    const numbers: number[][] = [];
    for (const split of [data.train, data.test]) {
      const pixels = await readImages(split);
      const found = Array.from(split.targets.labels.data, (_, i) => pixels[3 * i]);
      found.forEach((number, i) => assertEquals(split.targets.labels.data[i], number % 3));
      numbers.push(found.toSorted((a, b) => a - b));
    }
    assertEquals(numbers.flat(), Array.from({ length: 25 }, (_, i) => i));
    const held = await load(folder, { train: folder, holdOut: { count: 6 } });
    assertEquals([held.classNames, held.sizes], [["0", "1", "2"], { train: 19, test: 6 }]);
  }));

Deno.test("labels may be text, JSON or several, in the chosen file", async () => {
  const cases: [(i: number) => Files, object, string[]][] = [
    [(i) => ({ txt: i % 2 ? " dog\n" : "cat" }), {}, ["cat", "dog"]],
    [(i) => ({ json: `{"class": "${"ab"[i % 2]}", "x": 1}` }), {}, ["a", "b"]],
    [(i) => ({ json: `{"label": 0, "x": ${i % 2}}` }), { label: "json:x" }, ["0", "1"]],
    [(i) => ({ json: `${i % 2}`, txt: "a caption" }), {}, ["0", "1"]],
    [(i) => ({ cls: "7", "y.TXT": `${i % 2}` }), { label: "y.txt" }, ["0", "1"]],
    [() => ({ txt: "big|red" }), { severalLabels: true }, ["big", "red"]],
    [() => ({ json: '["big", "red"]' }), { severalLabels: true }, ["big", "red"]],
  ];
  for (const [label, options, classNames] of cases) {
    await withShards({ "a.tar": samples(0, 8, label) }, async (folder) => {
      const data = await load(folder, { train: join(folder, "a.tar"), ...options });
      assertEquals(data.classNames, classNames);
      const { labels, targets } = data.train.targets;
      if (targets) assertEquals([targets.shape, new Set(targets.data)], [[2], new Set([1])]);
      else assertEquals(new Set(labels.data), new Set([0, 1]));
    });
  }
});

Deno.test("any number of workers serves the same images, also from mid-epoch", () =>
  withShards(SHARDS, async (folder) => {
    const { train } = await load(folder, { train: folder });
    const collect = async (workers: number, start = 0) => {
      using loader = new BatchLoader(train, { batchSize: 3, seed: 7, shuffle: true, workers });
      return await batchTexts(loader.epoch(1, start));
    };
    const expected = await collect(1);
    assertEquals(await collect(2), expected);
    assertEquals(await collect(2, 3), expected.slice(3));
  }));

Deno.test("files that belong to no sample are skipped with a notice", () => {
  const files = {
    ...samples(0, 6),
    "train/._0.png": "x",
    "lonely.png": plainPng([0, 0, 0]),
    "words.txt": "no image",
    README: "x",
  };
  return withShards({ "a.tar": files }, async (folder) => {
    const notices: string[] = [];
    const onNotice = (line: string) => notices.push(line);
    const data = await load(folder, { train: folder }, { onNotice });
    assertEquals(data.sizes, { train: 5, test: 1 });
    assertEquals(notices, [
      `${folder}: skipped 1 × sample without a label, 1 × file without extension, ` +
      "1 × sample without an image",
    ]);
  });
});

Deno.test("an archive is indexed again only if it changes", () =>
  withShards({ "a.tar": samples(0, 8) }, async (folder) => {
    const path = join(folder, "a.tar");
    const past = new Date(Date.now() - 1e6);
    const indexes = join(folder, "cache", "indexes");
    const see = async () => (await load(folder, { train: path })).sizes.train;
    await Deno.utime(path, past, past);
    assertEquals(await see(), 6);
    const [{ name }] = [...Deno.readDirSync(indexes)];
    const kept = await Deno.readFile(join(indexes, name));
    await Deno.writeFile(path, await tarOf(samples(0, 20)));
    await Deno.utime(path, past, past);
    assertEquals(await see(), 16);
    // A damaged index is ignored.
    await Deno.writeFile(join(indexes, name), kept.fill(0, 40, 60));
    assertEquals(await see(), 16);
  }));

Deno.test("broken images are reported by archive and file, or skipped", () => {
  const files = { ...samples(0, 20), "z.png": "no image", "z.cls": "0" };
  return withShards({ "a.tar": files }, async (folder) => {
    const error = await assertRejects(() => load(folder, { train: folder }), InputError);
    assert(error.message.includes(`${join(folder, "a.tar")}/z.png: this is a text file`));
    const { train, test } = await load(folder, { train: folder }, { onError: "skip" });
    await readImages(train);
    assertEquals([train, test].flatMap((split) => split.complaints?.() ?? []).length, 1);
  });
});

Deno.test("mistakes are reported with the archive's path", async () => {
  const both = { "1.png": plainPng([1, 1, 1]), "1.jpg": "x", "1.cls": "1" };
  const shards = {
    "both.tar": both,
    "json.tar": samples(0, 3, () => ({ json: "{" })),
    "none.tar": { "1.png": plainPng([1, 1, 1]) },
    "one.tar": samples(0, 3, () => ({ cls: "5" })),
    "several.tar": samples(0, 3, () => ({ json: "[1, 2]" })),
    "many.tar": samples(0, 3),
  };
  const packed = await new Response(
    new Blob([await tarOf(both)]).stream().pipeThrough(new CompressionStream("gzip")),
  ).bytes();
  await withShards(shards, async (folder) => {
    await Deno.writeFile(join(folder, "packed.tar.gz"), packed);
    await Deno.writeTextFile(join(folder, "text.tar"), "x".repeat(1000));
    await Deno.mkdir(join(folder, "empty"));
    const refused: [string, object, string][] = [
      ["both.tar", {}, "sample 1 has several images: png, jpg; choose one with picture"],
      ["json.tar", {}, "sample train/0: invalid JSON"],
      ["none.tar", {}, "expected at least two labels"],
      ["one.tar", {}, "expected at least two labels, found 5"],
      ["one.tar", { classes: ["a", "b"] }, 'found the label "5", expected one of a, b'],
      ["several.tar", {}, "sample train/0 has 2 labels, expected one; several need severalLabels"],
      [
        "packed.tar.gz",
        {},
        "images are compressed already; unpack it to a plain archive with gunzip",
      ],
      ["text.tar", {}, "not a tar archive"],
      ["lost.tar", {}, "no such file or folder"],
      ["lost-*.tar", {}, "no file matches this pattern"],
      ["empty", {}, "no such file in this folder"],
      ["m{00..99999999}.tar", {}, "more than 100,000 files"],
    ];
    for (const [name, options, message] of refused) {
      const train = join(folder, name);
      const error = await assertRejects(() => load(folder, { train, ...options }), InputError);
      assert(error.message.startsWith(train) && error.message.includes(message), error.message);
    }
    const twice = [join(folder, "many.tar"), join(folder, "many.tar")];
    await assertRejects(() => load(folder, { train: twice }), InputError, "listed twice");
    const picture = await load(folder, {
      train: [join(folder, "both.tar"), join(folder, "many.tar")],
      picture: "png",
      holdOut: { count: 1 },
    });
    assertEquals(picture.sizes, { train: 3, test: 1 });
  });
});
