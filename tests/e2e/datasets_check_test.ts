import { assertEquals, assertStringIncludes } from "@std/assert";
import { basename, fromFileUrl, join } from "@std/path";
import { decodePicture } from "../../files/decode.ts";
import { PER_ROW, THUMBNAIL_SIDE } from "../../cli/contact_sheet.ts";
import { plainPng, withFiles, writeFiles } from "../support/pictures.ts";
import { Fixture } from "../support/fixture.ts";
import { overfold, parseEvents } from "./cli.ts";
import { z } from "zod";

const FIXTURES = fromFileUrl(new URL("../fixtures/pictures/", import.meta.url));

/** The fixtures that PIL rejects, and images in unsupported formats. */
async function badFiles(): Promise<Record<string, Uint8Array>> {
  const bad: Record<string, Uint8Array> = {
    "drawing.svg": new TextEncoder().encode("<svg xmlns='http://www.w3.org/2000/svg'/>"),
    "photo.heic": new TextEncoder().encode("\0\0\0\x18ftypheic\0\0\0\0"),
  };
  for await (const { name } of Deno.readDir(FIXTURES)) {
    if (!name.endsWith(".safetensors")) continue;
    const fixture = await Fixture.read(join(FIXTURES, name));
    const schema = z.looseObject({
      file: z.string(),
      error: z.boolean(),
      may_read: z.boolean().default(false),
    });
    const { file, error, may_read } = fixture.config(schema);
    if (error && !may_read) bad[file] = await Deno.readFile(join(FIXTURES, file));
  }
  return bad;
}

/** Valid images, no two the same. */
const GOOD = Object.fromEntries(
  Array.from({ length: 24 }, (_, i) => [
    `pictures/${i % 2 ? "red" : "blue"}/${i}.png`,
    plainPng(i % 2 ? [200 + i, 20, 20] : [20, 20, 200 + i], 8 + i % 3, 9),
  ]),
);

const CONFIG = `\
threads: 1
data:
  dataset: {name: image_folder, root: pictures}
  train: [{name: fit, size: 8}]
  batchSize: 4
model:
  layers: [flatten, {linear: {outFeatures: 2}}]
training: {epochs: 1, optimizer: {name: sgd, learningRate: 0.01}}
`;

Deno.test("datasets check, train and predict name every bad file and the reason", () =>
  withFiles({ ...GOOD, "own.yaml": CONFIG }, async (folder) => {
    const trained = await overfold(folder, "train", "own.yaml");
    assertEquals(trained.code, 0, trained.error);
    const bad = await badFiles();
    await writeFiles(join(folder, "pictures", "red"), bad);
    const checked = await overfold(folder, "datasets", "check", "pictures", "--json");
    assertEquals(checked.code, 1);
    const events = parseEvents(checked.out);
    const found = (event: string) =>
      events.filter((one) => one.event === event).map(({ path }) => basename(String(path)));
    const named = [...found("broken"), ...found("skipped")].sort();
    assertEquals(named, Object.keys(bad).sort());
    for (const { event, reason } of events) if (event === "broken") assertEquals(!!reason, true);
    const told = await overfold(folder, "datasets", "check", "own.yaml", "--sheet", "none");
    const predicted = await overfold(
      folder,
      "predict",
      join("runs", "own", "folded", "model.safetensors"),
      "pictures",
    );
    assertEquals([told.code, predicted.code], [1, 1]);
    assertEquals(predicted.out.trim().split("\n").length >= 24, true);
    for (const name of Object.keys(bad)) {
      assertStringIncludes(told.out, join("pictures", "red", `${name}: `));
      assertStringIncludes(predicted.error, `warning: ${join("pictures", "red", name)}: `);
    }
    const stopped = await overfold(folder, "train", "own.yaml", "--force");
    assertEquals(stopped.code, 2);
    // Those recognized by their first bytes; the others are found when they are decoded.
    assertStringIncludes(stopped.error, "red/empty.jpg: this is an empty file");
    const few = Object.keys(bad).filter((name) => name.startsWith("jpeg_truncated"));
    for (const name of Object.keys(bad)) {
      if (few.includes(name)) continue;
      await Deno.remove(join(folder, "pictures", "red", name));
    }
    const skipping = ["--set", "data.onError=skip", "--force"];
    const skipped = await overfold(folder, "train", "own.yaml", ...skipping);
    assertEquals(skipped.code, 0, skipped.error);
    for (const name of few) assertStringIncludes(skipped.error, `${name}: `);
  }));

Deno.test("a valid dataset passes, and its contact sheet is written outside it", () =>
  withFiles(GOOD, async (folder) => {
    const args = ["datasets", "check", ".", "--json"];
    const { code, out, error } = await overfold(join(folder, "pictures"), ...args);
    assertEquals(code, 0, error);
    const events = parseEvents(out);
    assertEquals(events.map(({ event }) => event), ["class", "class", "done"]);
    const { sheet, pictures } = events[2];
    assertEquals(pictures, 24);
    const bytes = await Deno.readFile(String(sheet));
    assertEquals(await Deno.realPath(join(folder, "contact_sheet.png")), String(sheet));
    const { width, data } = await decodePicture(bytes, () => {
      throw new Error();
    });
    assertEquals(width > PER_ROW * THUMBNAIL_SIDE, true);
    // A pixel in each row has the colour of the class.
    const row = data.length / 4 / width / 2;
    for (const [i, colour] of [2, 0].entries()) {
      const at = 4 * (Math.round((i + 0.5) * row) * width + 40);
      assertEquals(data[at + colour] >= 200, true);
    }
  }));

Deno.test("an image in both training and validation is an error, in lists too", () => {
  const red = plainPng([200, 0, 0]);
  const files = {
    "a.png": red,
    "b.png": plainPng([0, 0, 200]),
    "c.png": red,
    "train.csv": "a.png,red\nb.png,blue\n",
    "val.csv": "c.png,red\n",
    "own.yaml": `${
      CONFIG.replace(
        /dataset: .*/,
        "dataset: {name: image_list, train: train.csv, validation: val.csv}",
      )
    }`,
  };
  return withFiles(files, async (folder) => {
    const { code, out } = await overfold(folder, "datasets", "check", "own.yaml", "--json");
    assertEquals(code, 1);
    const [found] = parseEvents(out).filter(({ event }) => event === "duplicates");
    assertEquals(found, {
      event: "duplicates",
      paths: ["./a.png", "./c.png"],
      isInBothSplits: true,
      isInSeveralClasses: false,
    });
    const list = await overfold(folder, "datasets", "check", "train.csv");
    assertEquals([list.code, list.error.includes("contact")], [2, false]);
    assertStringIncludes(list.error, "no images to validate on");
    const other = await overfold(folder, "datasets", "check", "nowhere");
    assertEquals([other.code, other.error], [2, "error: nowhere: no such file or folder\n"]);
  });
});
