import { assertAlmostEquals, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { overfold, parseEvents, withTinyConfig } from "./cli.ts";

Deno.test("eval measures a checkpoint and its folded network alike", () =>
  withTinyConfig(async (folder) => {
    const trained = await overfold(folder, "train", "tiny.yaml", "--json");
    const done = parseEvents(trained.out).at(-1)!;
    const results = [];
    for (const file of [done.checkpoint, done.folded]) {
      const { code, out, error } = await overfold(folder, "eval", String(file), "--json");
      assertEquals(code, 0, error);
      results.push(...parseEvents(out));
    }
    const [checkpoint, folded] = results;
    assertEquals(Object.keys(checkpoint), ["accuracy", "loss", "count"]);
    assertEquals([checkpoint.accuracy, checkpoint.count], [done.validAccuracy, 24]);
    assertEquals([folded.accuracy, folded.count], [checkpoint.accuracy, 24]);
    assertAlmostEquals(Number(checkpoint.loss), Number(done.validLoss), 1e-5);
    assertAlmostEquals(Number(folded.loss), Number(checkpoint.loss), 1e-5);

    const plain = await overfold(folder, "eval", String(done.checkpoint));
    assertStringIncludes(plain.out, "24 images");

    await Deno.copyFile(join(folder, String(done.folded)), join(folder, "moved.safetensors"));
    const lost = await overfold(folder, "eval", "moved.safetensors");
    assertEquals(lost.code, 2);
    assertStringIncludes(lost.error, "--config CONFIG");
    const named = await overfold(
      folder,
      "eval",
      "moved.safetensors",
      "--json",
      "--config",
      "tiny.yaml",
      "--set",
      "data.subset={test: 10}",
    );
    assertEquals(parseEvents(named.out)[0]?.count, 10, named.error);

    const other = await overfold(
      folder,
      "eval",
      String(done.checkpoint),
      "--set",
      "data.synthetic.imageSize=6",
    );
    assertEquals(other.code, 2);
    assertStringIncludes(other.error, "8x8x2 in 3 classes");
  }));
