import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import type { DownloadProgress } from "../../datasets/download.ts";
import { eurosatOf } from "../../datasets/eurosat.ts";
import { InputError, RunError } from "../../errors.ts";
import { withFolder } from "../support/folder.ts";
import { plainPng, writeFiles } from "../support/pictures.ts";
import { loadReds, md5, withMirror } from "../support/published.ts";
import { type ZipFile, zipOf } from "../support/zip.ts";
import { serveRange } from "./fault_server.ts";

/** EuroSAT with two classes of three and two images. */
const CLASSES = { AnnualCrop: 3, River: 2 };
const eurosat = eurosatOf({ holdOut: { count: 2 }, splitSeed: 0 }, CLASSES);

const FILES: ZipFile[] = [
  { name: "2750/", content: "", method: 0 },
  ...Object.entries(CLASSES).flatMap(([name, count], c) =>
    Array.from({ length: count }, (_, i) => ({
      name: `2750/${name}/${name}_${i + 1}.jpg`,
      content: plainPng([10 * c + i, 0, 0]),
    }))
  ),
];
const ZIP = zipOf(FILES);
const NAME = "EuroSAT.zip";

Deno.test("an archive of images is downloaded and unpacked once and read as class folders", () =>
  withMirror(eurosat, { [NAME]: ZIP }, async ({ dataset, where, requests }) => {
    const progress: DownloadProgress[] = [];
    const onProgress = (done: DownloadProgress) => progress.push(done);
    const { train, test } = await loadReds(dataset, { ...where, onProgress });
    assertEquals([...train, ...test].sort(([a], [b]) => a - b), [
      [0, 0],
      [1, 0],
      [2, 0],
      [10, 1],
      [11, 1],
    ]);
    assertEquals([train.length, test.length], [3, 2]);
    assertEquals(await loadReds(dataset, { ...where, download: false }), { train, test });
    assertEquals(requests.length, 1);
    assertEquals(
      [...Deno.readDirSync(join(where.cache, "datasets", "eurosat"))].map((it) => it.name),
      [
        "EuroSAT",
      ],
    );
    assert(progress.some(({ isUnpacking, total }) => isUnpacking && total === ZIP.length));
  }));

Deno.test("the random split is the same in the cache and in data.root", () =>
  withMirror(eurosat, { [NAME]: ZIP }, async ({ dataset, where }) => {
    const cached = await loadReds(dataset, where);
    await withFolder(async (root) => {
      const files = FILES.filter(({ name }) => !name.endsWith("/"))
        .map(({ name, content }) => [name.replace("2750/", ""), content]);
      await writeFiles(root, Object.fromEntries(files));
      assertEquals(await loadReds(dataset, { root, cache: where.cache, download: false }), cached);
    });
  }));

Deno.test("an interrupted download continues where it stopped", () =>
  withMirror(eurosat, { [NAME]: ZIP }, async ({ dataset, where, requests }) => {
    await loadReds(dataset, where);
    assertEquals(requests.map(({ range }) => range), [undefined, "bytes=300-"]);
  }, (request) => ({ ...serveRange(ZIP, request), ...(request.range ? {} : { cutAfter: 300 }) })));

Deno.test("a killed process's partial download is not fetched again", () =>
  withMirror(eurosat, { [NAME]: ZIP }, async ({ dataset, where, requests }) => {
    const home = join(where.cache, "datasets", "eurosat");
    await Deno.mkdir(home, { recursive: true });
    await Deno.writeFile(join(home, "EuroSAT.zip.part"), ZIP.subarray(0, 500));
    await loadReds(dataset, where);
    assertEquals(requests.map(({ range }) => range), ["bytes=500-"]);
  }, (request) => serveRange(ZIP, request)));

Deno.test("an archive with another checksum is not unpacked", () =>
  withMirror(eurosat, { [NAME]: ZIP }, async ({ dataset, where }) => {
    const error = await assertRejects(() => loadReds(dataset, where), RunError);
    assert(error.message.includes(`expected ${md5(ZIP)}`), error.message);
    assertEquals([...Deno.readDirSync(join(where.cache, "datasets", "eurosat"))], []);
  }, () => ({ body: ZIP.map((byte, i) => i === 40 ? byte ^ 1 : byte) })));

for (
  const [what, archive, message] of [
    [
      "leaves its folder",
      zipOf([...FILES, { name: "../out.jpg", content: "x" }]),
      "../out.jpg",
    ],
    ["is damaged", ZIP.slice(0, -30), "not a complete .zip archive"],
    [
      "is too large",
      zipOf([{ name: "a", content: new Uint8Array(2 ** 22) }]),
      "contains more",
    ],
  ] as const
) {
  Deno.test(`an archive that ${what} leaves nothing, even with the right checksum`, () =>
    withMirror(
      {
        ...eurosat,
        remoteFiles: eurosat.remoteFiles.map((file) => ({ ...file, recordBytes: 2 ** 21 })),
      },
      { [NAME]: archive },
      async ({ dataset, where }) => {
        await assertRejects(() => loadReds(dataset, where), InputError, message);
        const left = [...Deno.readDirSync(join(where.cache, "datasets", "eurosat"))];
        assertEquals(
          left.map(({ name }) => name),
          ["EuroSAT.zip.downloaded"],
        );
        assertEquals([...Deno.readDirSync(where.cache)].map(({ name }) => name), ["datasets"]);
      },
    ));
}

Deno.test("a wrong number of images is reported", () =>
  withMirror(eurosat, { [NAME]: zipOf(FILES.slice(0, -1)) }, async ({ dataset, where }) => {
    const error = await assertRejects(() => loadReds(dataset, where), InputError);
    assert(
      error.message.includes(
        "contains 4 and 0 images for training and validation, expected 5 and 0",
      ),
      error.message,
    );
  }));

Deno.test("a folder without every class is not taken for the dataset", () =>
  withFolder(async (root) => {
    await writeFiles(root, { "AnnualCrop/1.jpg": plainPng([1, 0, 0]) });
    const error = await assertRejects(() => loadReds(eurosat, { root }), InputError);
    assert(error.message.includes("does not contain AnnualCrop/, River/"), error.message);
  }));
