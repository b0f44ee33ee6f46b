import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { parse } from "@std/csv";
import { join } from "@std/path";
import encodePng from "npm:@jsquash/png@3.1.1/encode.js";
import { type JsonEvent, overfold, parseEvents, TINY, withTinyConfig } from "./cli.ts";

const CHECKPOINT = join("runs", "tiny", "checkpoints", "best.safetensors");

/** Runs `work` in a folder with a run on colour images, and five pictures in `pictures/`. */
function withPictures(work: (folder: string) => Promise<void>): Promise<void> {
  return withTinyConfig(async (folder) => {
    const args = ["--set", "fold=false", "--set", "training.epochs=1"];
    const { code, error } = await overfold(folder, "train", "tiny.yaml", ...args);
    assertEquals(code, 0, error);
    await Deno.mkdir(join(folder, "pictures", "more"), { recursive: true });
    for (const [i, name] of ["a.png", "b.png", "c.PNG", "d.png", "more/e.png"].entries()) {
      const pixels = new Uint8ClampedArray(12 * 16 * 4).map((_, at) => (at * (37 + i)) % 256);
      const png = await encodePng(new ImageData(pixels, 16, 12));
      await Deno.writeFile(join(folder, "pictures", name), new Uint8Array(png));
    }
    await work(folder);
  }, TINY.replace("channels: 2", "channels: 3"));
}

const PICTURES = ["a.png", "b.png", "c.PNG", "d.png", join("more", "e.png")]
  .map((name) => join("pictures", name));

function imagesOf(events: readonly JsonEvent[]): unknown[] {
  return events.map(({ image }) => image);
}

Deno.test("predict names the likeliest classes of each picture", () =>
  withPictures(async (folder) => {
    const { code, out, error } = await overfold(
      folder,
      "predict",
      CHECKPOINT,
      PICTURES[1],
      PICTURES[0],
      "--json",
    );
    assertEquals(code, 0, error);
    const results = parseEvents(out);
    assertEquals(imagesOf(results), [PICTURES[1], PICTURES[0]]);
    const predictions = results[0].predictions as { name: string; probability: number }[];
    assertEquals(predictions.length, 3);
    const probabilities = predictions.map(({ probability }) => probability);
    assertEquals(probabilities, probabilities.toSorted((a, b) => b - a));
    assert(probabilities.every((p) => p >= 0 && p <= 1));

    const text = await overfold(folder, "predict", CHECKPOINT, PICTURES[1], "--top", "1");
    assertEquals(
      text.out,
      `${PICTURES[1]}\n  ${predictions[0].name}  ${(probabilities[0] * 100).toFixed(2)} %\n`,
    );
  }));

Deno.test("predict takes folders and patterns, and batches of any size give the same", () =>
  withPictures(async (folder) => {
    const predict = async (...args: string[]) => {
      const { code, out, error } = await overfold(folder, "predict", CHECKPOINT, ...args);
      assertEquals(code, 0, error);
      return out;
    };
    const whole = await predict("pictures", "--json");
    assertEquals(imagesOf(parseEvents(whole)), PICTURES);
    // 2 + 2 + 1: the last batch is padded.
    assertEquals(await predict("pictures/**/*.{png,PNG}", "--format", "json"), whole);
    assertEquals(await predict("pictures", "--batch-size", "2", "--json"), whole);
  }));

Deno.test("predict writes a file in the format its name tells", () =>
  withPictures(async (folder) => {
    const { code, out, error } = await overfold(
      folder,
      "predict",
      CHECKPOINT,
      "pictures",
      "--top",
      "2",
      "--output",
      "found.csv",
      "--json",
    );
    assertEquals(code, 0, error);
    assertEquals(parseEvents(out), [{ output: "found.csv", images: 5, failures: 0 }]);
    const [heading, ...rows] = parse(await Deno.readTextFile(join(folder, "found.csv")));
    assertEquals(heading, ["image", "rank", "class", "probability"]);
    assertEquals(
      rows.map(([image, rank]) => [image, rank]),
      PICTURES.flatMap((image) => [[image, "1"], [image, "2"]]),
    );
    const both = await overfold(
      folder,
      "predict",
      CHECKPOINT,
      "pictures",
      "--format",
      "csv",
      "--json",
    );
    assertEquals([both.code, both.out], [2, ""]);
    const unknown = await overfold(folder, "predict", CHECKPOINT, "pictures", "--format", "xml");
    assertEquals(unknown.code, 2);
    assertStringIncludes(unknown.error, 'found "xml", expected one of text, json, csv');
  }));

Deno.test("predict passes over what it cannot read and reports it, with exit code 1", () =>
  withPictures(async (folder) => {
    await Deno.writeTextFile(join(folder, "note.txt"), "not a picture");
    const { code, out, error } = await overfold(
      folder,
      "predict",
      CHECKPOINT,
      "--json",
      "none.png",
      PICTURES[0],
      "note.txt",
      PICTURES[1],
    );
    assertEquals(code, 1);
    assertEquals(imagesOf(parseEvents(out)), PICTURES.slice(0, 2));
    for (const why of ["none.png: no such file", "note.txt: neither a PNG nor a JPEG"]) {
      assertStringIncludes(error, `warning: ${why}`);
      assertStringIncludes(error.slice(error.indexOf("error: 2 of")), why);
    }
  }));

Deno.test("predict without any picture says why, with exit code 2", () =>
  withPictures(async (folder) => {
    await Deno.mkdir(join(folder, "empty"));
    const { code, error } = await overfold(
      folder,
      "predict",
      CHECKPOINT,
      "empty",
      "x/*.png",
      "y.png",
    );
    assertEquals(code, 2);
    assertEquals(error.split("\n").filter((line) => line !== ""), [
      "error: empty: no PNG or JPEG file in this folder",
      "x/*.png: no file fits this pattern",
      "y.png: no such file or folder",
    ]);
  }));
