import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { parse } from "@std/csv";
import { fromFileUrl, join } from "@std/path";
import { type JsonEvent, overfold, parseEvents, startOverfold } from "./cli.ts";
import { CHECKPOINT, PICTURES, withPictures } from "./predicted.ts";

function imagesOf(events: readonly JsonEvent[]): unknown[] {
  return events.map(({ image }) => image);
}

Deno.test("predict names the most likely classes of each image", () =>
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

Deno.test("predict accepts folders and patterns; the batch size changes no result", () =>
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

Deno.test("predict chooses the output format by the file's extension", () =>
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
    const lines = await overfold(folder, "predict", CHECKPOINT, "pictures", "--output", "o.JSONL");
    assertEquals(lines.out, "predictions: o.JSONL, 5 images\n");
    const events = parseEvents(await Deno.readTextFile(join(folder, "o.JSONL")));
    assertEquals(imagesOf(events), PICTURES);
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

Deno.test("predict skips and reports unreadable files, and exits with 1", () =>
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
    for (
      const why of [
        "none.png: no such file",
        "note.txt: this is a text file, not an image that can be read",
      ]
    ) {
      assertStringIncludes(error, `warning: ${why}`);
      assertStringIncludes(error.slice(error.indexOf("error: 2 of")), why);
    }
  }));

Deno.test("predict without any image says why and exits with 2", () =>
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
      "error: empty: no images in this folder",
      "x/*.png: no file matches this pattern",
      "y.png: no such file or folder",
    ]);
  }));

function fixture(name: string): string {
  return fromFileUrl(new URL(`../fixtures/pictures/${name}`, import.meta.url));
}

Deno.test("predict reports damage and transparency in every format", () =>
  withPictures(async (folder) => {
    const [bad, clear] = ["badcrc.png", "d4_alpha_black.png"].map(fixture);
    const predict = (...args: string[]) => overfold(folder, "predict", CHECKPOINT, ...args);
    const refused = await predict(bad, clear, "--json");
    assertEquals(refused.code, 1);
    const [white, ...others] = parseEvents(refused.out);
    assertEquals([white.image, white.background, others], [clear, "white", []]);
    const why = "a damaged PNG file: the checksum of its chunk IDAT at byte 33 is wrong";
    assertStringIncludes(refused.error, `${bad}: ${why}; get a new copy, or decode as much as`);
    assertStringIncludes(refused.error, "note: 1 of 1 image has transparent pixels, shown");

    const taken = await predict(bad, clear, "--damaged", "--background", "#000000", "--json");
    assertEquals(taken.code, 0, taken.error);
    assertStringIncludes(taken.error, `warning: ${bad}: ${why}`);
    const [damaged, black] = parseEvents(taken.out);
    assertEquals([damaged.damage, black.background], [why, "#000000"]);
    const probability = ({ predictions }: JsonEvent) =>
      (predictions as { probability: number }[])[0].probability;
    assert(probability(black) !== probability(white));
    const none = await predict(clear, "--background", "none", "--json");
    // The ink and the transparent pixels around it are both black.
    assertEquals(parseEvents(none.out)[0].predictions, black.predictions);
    assertEquals(none.error, "");

    const text = await predict(bad, "--damaged", "--top", "1");
    assertEquals(text.out.split("\n")[0], `${bad} (${why})`);
    const csv = await predict(bad, clear, "--damaged", "--top", "1", "--format", "csv");
    assertEquals(parse(csv.out).map((row) => row.at(-1)), ["damage", why, ""]);
    const colour = await predict(clear, "--background", "mauve");
    assertEquals([colour.code, colour.out], [2, ""]);
    assertStringIncludes(colour.error, 'found "mauve", expected white, grey, black, none or');
  }));

Deno.test({
  name: "an interrupted predict keeps its results and says where; pipes are not replaced",
  ignore: Deno.build.os === "windows",
  fn: () =>
    withPictures(async (folder) => {
      const inFolder = (name: string) => join(folder, name);
      const make = await new Deno.Command("mkfifo", { args: ["wait", "out"], cwd: folder })
        .output();
      assertEquals(make.success, true);
      await Deno.writeTextFile(inFolder("found.csv"), "before\n");
      // It reads four images, then blocks on an empty pipe.
      const pictures = [...PICTURES.slice(0, 4), "wait", PICTURES[4]];
      const args = [CHECKPOINT, ...pictures, "--batch-size", "1", "--top", "1"];
      for (const signal of ["SIGINT", "SIGKILL"] as const) {
        const waiting = await Deno.open(inFolder("wait"), { read: true, write: true });
        const process = startOverfold(folder, "predict", ...args, "--output", "found.csv");
        const part = await partWithRows(folder);
        process.kill(signal);
        let error = "";
        for await (const text of process.stderr.pipeThrough(new TextDecoderStream())) {
          error += text;
        }
        const { code } = await process.status;
        waiting.close();
        await process.stdout.cancel();
        const rows = parse(await Deno.readTextFile(inFolder(part)));
        assertEquals(rows[0], ["image", "rank", "class", "probability"]);
        assertEquals(rows[1].slice(0, 2), [PICTURES[0], "1"]);
        assertEquals(await Deno.readTextFile(inFolder("found.csv")), "before\n");
        if (signal === "SIGINT") {
          assertEquals([code, rows.length], [130, 5], error);
          assertStringIncludes(error, "stopped after 4 of 6 images; their predictions are in");
          assertStringIncludes(error, part);
        }
        await Deno.remove(inFolder(part));
      }

      const [written, received] = await Promise.all([
        overfold(folder, "predict", CHECKPOINT, PICTURES[0], "--output", "out"),
        Deno.readTextFile(inFolder("out")),
      ]);
      assertEquals(written.code, 0, written.error);
      assertEquals(received.split("\n")[0], PICTURES[0]);
      assertEquals(written.out, "");
      assertEquals((await Deno.stat(inFolder("out"))).isFifo, true);
      const unheard = startOverfold(folder, "predict", CHECKPOINT, "pictures");
      await unheard.stdout.cancel();
      assertStringIncludes(
        await new Response(unheard.stderr).text(),
        "standard output was closed; some predictions are not written\n",
      );
      assertEquals((await unheard.status).code, 1);
      const nowhere = await overfold(
        ...[folder, "predict", CHECKPOINT, PICTURES[0], "--output", "tiny.yaml/x.csv"] as const,
      );
      assertEquals(nowhere.code, 2, nowhere.error);
    }),
});

/** Waits until an unfinished file holds three predictions, and returns its name. */
async function partWithRows(folder: string): Promise<string> {
  for (;;) {
    for (const { name } of Deno.readDirSync(folder)) {
      if (!name.endsWith(".part")) continue;
      const text = await Deno.readTextFile(join(folder, name));
      if (text.split("\n").length > 4) return name;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
