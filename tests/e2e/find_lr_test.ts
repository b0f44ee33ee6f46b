import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { CACHE, overfold, parseEvents, withTinyConfig } from "./cli.ts";

/** The names in a folder, without the cache. */
const filesIn = (folder: string) =>
  [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) => name !== CACHE).sort();

Deno.test("find-lr reports and plots losses, repeatably, and starts no run", () =>
  withTinyConfig(async (folder) => {
    const range = ["--min=1e-3", "--max=1e6", "--steps=40"];
    const { code, out, error } = await overfold(
      folder,
      "find-lr",
      "tiny.yaml",
      ...range,
      "--output=lr.png",
    );
    assertEquals(code, 0, error);
    assertStringIncludes(out, "layers on synthetic, 8 images per step\n");
    assertStringIncludes(out, "┤•");
    assertStringIncludes(out, "the smoothed loss is lowest at ");
    assertStringIncludes(out, "plotted: lr.png");
    assertEquals(filesIn(folder), ["lr.png", "tiny.yaml"]);
    const view = new DataView((await Deno.readFile(join(folder, "lr.png"))).buffer);
    assertEquals([view.getUint32(16), view.getUint32(20)], [960, 540]);

    const runs = await Promise.all(
      [1, 2].map(() => overfold(folder, "find-lr", "tiny.yaml", ...range, "--json")),
    );
    assertEquals(runs[0].out, runs[1].out);
    const [{ points, minimum, suggestion, problem }] = parseEvents(runs[0].out);
    const [first] = points as { learningRate: number }[];
    assertEquals(first.learningRate, 1e-3);
    assertEquals(suggestion, problem === undefined ? Number(minimum) / 10 : undefined);
  }));

Deno.test("find-lr rejects invalid ranges, steps and outputs", () =>
  withTinyConfig(async (folder) => {
    const refused = async (message: string, ...args: string[]) => {
      const { code, error } = await overfold(folder, "find-lr", "tiny.yaml", ...args);
      assertEquals(code, 2, error);
      assertStringIncludes(error, message);
    };
    await refused('--min: found "low", expected a learning rate', "--min=low");
    await refused("--min must be less than --max: found 1 and 0.1", "--min=1", "--max=0.1");
    await refused('--steps: found "3", expected an integer of at least 10', "--steps=3");
    await refused("--steps: found 1000000, expected at most 10000", "--steps=1000000");
    await refused("tiny.yaml", "--output=tiny.yaml");
    await refused("lr.svg: the output is not a .svg file; end the name in .png", "--output=lr.svg");
    assertEquals(filesIn(folder), ["tiny.yaml"]);
  }));
