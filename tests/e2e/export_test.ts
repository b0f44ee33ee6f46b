import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { readSafetensors } from "../../checkpoints/safetensors_file.ts";
import { overfold, parseEvents, TINY, withTinyConfig } from "./cli.ts";

const CHECKPOINT = join("runs", "tiny", "checkpoints", "best.safetensors");

/** Runs `work` in a folder with a trained run of the tiny config. */
function withTrainedRun(work: (folder: string) => Promise<void>): Promise<void> {
  return withTinyConfig(async (folder) => {
    const { code, error } = await overfold(folder, "train", "tiny.yaml");
    assertEquals(code, 0, error);
    await work(folder);
  });
}

async function evaluate(folder: string, file: string): Promise<unknown> {
  const { code, out, error } = await overfold(folder, "eval", file, "--json");
  assertEquals(code, 0, error);
  return parseEvents(out)[0];
}

Deno.test("fold --batch-norm leaves no batch norm, and the same accuracy", () =>
  withTrainedRun(async (folder) => {
    const { code, out, error } = await overfold(
      folder,
      "fold",
      CHECKPOINT,
      "--batch-norm",
      "--json",
    );
    assertEquals(code, 0, error);
    const [{ output, maxRelativeDifference }] = parseEvents(out);
    assert((maxRelativeDifference as number) < 1e-4);
    const { tensors } = await readSafetensors(join(folder, output as string));
    assertEquals([...tensors.keys()].sort(), ["0.bias", "0.weight", "6.bias", "6.weight"]);
  }));

Deno.test("export writes an ONNX file beside the run", () =>
  withTrainedRun(async (folder) => {
    const { code, out, error } = await overfold(
      folder,
      "export",
      CHECKPOINT,
      "--no-verify",
      "--json",
    );
    assertEquals(code, 0, error);
    const [{ output, bytes }] = parseEvents(out);
    assertEquals(output, join("runs", "tiny", "folded", "best.onnx"));
    assertEquals((await Deno.stat(join(folder, output as string))).size, bytes);
    const unknown = await overfold(folder, "export", CHECKPOINT, "--format", "pickle");
    assertEquals(unknown.code, 2);
    assertStringIncludes(unknown.error, 'found "pickle", expected onnx or authors');
  }));

Deno.test("the authors' state, exported and imported again, evaluates the same", () =>
  withTrainedRun(async (folder) => {
    const exported = await overfold(
      folder,
      "export",
      CHECKPOINT,
      "--format",
      "authors",
      "--output",
      "authors.safetensors",
    );
    assertEquals(exported.code, 0, exported.error);
    const imported = await overfold(
      folder,
      "import",
      "authors.safetensors",
      "--config",
      "tiny.yaml",
      "--output",
      "imported.safetensors",
    );
    assertEquals(imported.code, 0, imported.error);
    assertEquals(
      await evaluate(folder, "imported.safetensors"),
      await evaluate(folder, CHECKPOINT),
    );
  }));

Deno.test("a training starts from pretrained weights, unfolded; a file that does not fit leaves no run", () =>
  withTrainedRun(async (folder) => {
    const pretrained = join("runs", "tiny", "folded", "model.safetensors");
    const config = TINY.replace("classes: 3", "classes: 4").replace(
      "outFeatures: 3",
      "outFeatures: 4",
    );
    await Deno.writeTextFile(join(folder, "other.yaml"), config);
    const train = (...args: string[]) =>
      overfold(
        folder,
        "train",
        "other.yaml",
        "--set",
        `model.pretrained=${pretrained}`,
        "--output",
        "finetuned",
        ...args,
      );
    const wrong = await train();
    assertEquals(wrong.code, 2);
    assertStringIncludes(wrong.error, "6.weight is [3, 4], the model has [4, 4]");
    const right = await train("--set", "model.replaceClassifier=true");
    assertEquals(right.code, 0, right.error);
    const { tensors } = await readSafetensors(
      join(folder, "finetuned", "checkpoints", "last.safetensors"),
    );
    assertEquals(tensors.get("6.weight")?.shape, [4, 4]);
  }));

Deno.test("import names a model by its weights, and says what it lacks", () =>
  withTinyConfig(async (folder) => {
    const both = await overfold(folder, "import", "x.safetensors", "--model", "resnet18");
    assertEquals(both.code, 2);
    assertStringIncludes(both.error, "x.safetensors: no such file");
    await Deno.writeTextFile(join(folder, "x.onnx"), "text");
    const damaged = await overfold(folder, "import", "x.onnx", "--model", "resnet18");
    assertEquals(damaged.code, 2);
    assertStringIncludes(damaged.error, "x.onnx: not a sound ONNX file");
  }));
