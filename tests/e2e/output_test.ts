import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { overfold, TINY, withTinyConfig } from "./cli.ts";

Deno.test("commands do not overwrite their inputs or other kinds of files", () =>
  withTinyConfig(async (folder) => {
    const set = ["--set", "training.epochs=1"];
    assertEquals((await overfold(folder, "train", "tiny.yaml", ...set)).code, 0);
    const checkpoint = join("runs", "tiny", "checkpoints", "best.safetensors");
    const before = await Deno.readFile(join(folder, checkpoint));
    await Deno.copyFile(join(folder, checkpoint), join(folder, "network.safetensors"));
    const page = await overfold(folder, "site", "network.safetensors", "--output", ".");
    assertEquals([page.code, page.error.includes("is an input")], [2, true], page.error);
    assertEquals(await Deno.readFile(join(folder, "network.safetensors")), before);
    const weights = join("runs", "tiny", "folded", "model.safetensors");
    const imported = await overfold(
      ...[folder, "import", weights, "--config", "tiny.yaml", "--output", "tiny.yaml"] as const,
    );
    assertEquals([imported.code, imported.error.includes("is an input")], [2, true]);
    for (const command of [["fold"], ["export"], ["export", "--format", "authors"]]) {
      const { code, error } = await overfold(
        folder,
        ...command,
        checkpoint,
        "--output",
        checkpoint,
      );
      assertEquals(code, 2);
      assertStringIncludes(error, "is an input");
    }
    const other = join("runs", "tiny", "checkpoints", "last.safetensors");
    for (const args of [["fold", checkpoint], ["import", weights, "--config", "tiny.yaml"]]) {
      const { code, error } = await overfold(folder, ...args, "--output", other);
      assertEquals(code, 2);
      assertStringIncludes(error, `${other} is a training checkpoint`);
    }
    const twice = await overfold(folder, "fold", weights);
    assertEquals([twice.code, twice.error.includes("it is a folded network")], [2, true]);
    const intoFile = await overfold(folder, "train", "tiny.yaml", "--output", checkpoint);
    assertEquals([intoFile.code, intoFile.error.includes("is a file; expected")], [2, true]);
    const into = await overfold(folder, "fold", checkpoint, "--output", "runs");
    assertEquals(into.code, 2);
    assertStringIncludes(into.error, "runs is a folder");
    assertEquals(await Deno.readFile(join(folder, checkpoint)), before);

    const config = await Deno.readTextFile(join(folder, "tiny.yaml"));
    await Deno.rename(join(folder, "tiny.yaml"), join(folder, "config.yaml"));
    for (const option of ["--force", "--resume"]) {
      const { code, error } = await overfold(
        ...[folder, "train", "config.yaml", "--output", ".", option, ...set] as const,
      );
      assertEquals(code, 2);
      assertStringIncludes(error, "config.yaml would be overwritten");
    }
    assertEquals(await Deno.readTextFile(join(folder, "config.yaml")), config);
    const { code, error } = await overfold(folder, "train", "config.yaml", "--output", "");
    assertEquals([code, error], [2, "error: --output: found an empty value, expected DIR\n"]);
  }, TINY.replace("channels: 2", "channels: 3")));

Deno.test("commands find a run's files from any working directory", () =>
  withTinyConfig(async (folder) => {
    const set = ["--set", "training.epochs=1", "--set", "fold=false"];
    await overfold(folder, "train", "tiny.yaml", ...set);
    const run = join(folder, "runs", "tiny");
    const checkpoints = join(run, "checkpoints");
    for (const options of [[], ["--batch-norm"]]) {
      const { code, error } = await overfold(checkpoints, "fold", "best.safetensors", ...options);
      assertEquals(code, 0, error);
    }
    const made = [...Deno.readDirSync(join(run, "folded"))].map(({ name }) => name).sort();
    assertEquals(made, ["best-batch-norm.safetensors", "best.safetensors"]);
    const { code, error } = await overfold(join(run, "folded"), "eval", "best.safetensors");
    assertEquals(code, 0, error);
  }));
