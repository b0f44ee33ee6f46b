import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { createHash } from "node:crypto";
import { join } from "@std/path";
import { referenceBackend } from "../../backends/reference/reference.ts";
import { logitsOf } from "../../networks/fold.ts";
import { loadNetwork } from "../../checkpoints/load.ts";
import type { Safetensors } from "../../safetensors/safetensors.ts";
import { readSafetensors, writeSafetensors } from "../../safetensors/file.ts";
import { buildModel } from "../../models/registry.ts";
import { assertWithin, deviation } from "../support/tolerance.ts";
import { startFaultServer } from "../datasets/fault_server.ts";
import { eventsOf, overfold, parseEvents, TINY, withTinyConfig, withTrainedRun } from "./cli.ts";

const CHECKPOINT = join("runs", "tiny", "checkpoints", "best.safetensors");

const evaluate = async (folder: string, file: string) => (await eventsOf(folder, "eval", file))[0];

Deno.test("fold --batch-norm folds batch norm into the kernels", () =>
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

Deno.test("export writes an ONNX file into the run's folder", () =>
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
    assertStringIncludes(
      unknown.error,
      'found "pickle", expected one of onnx, authors, authors-tensorflow',
    );
  }));

Deno.test("checkpoints exported in the authors' formats and imported again evaluate the same", () =>
  withTrainedRun(async (folder) => {
    const expected = await evaluate(folder, CHECKPOINT);
    for (const format of ["authors", "authors-tensorflow", "authors-gluon"]) {
      const exported = await overfold(folder, "export", CHECKPOINT, "--format", format, "--json");
      assertEquals(exported.code, 0, exported.error);
      const [{ output }] = parseEvents(exported.out);
      assertEquals(output, join("runs", "tiny", "folded", `best.${format}.safetensors`));
      const imported = await overfold(
        folder,
        ...["import", output as string, "--config", "tiny.yaml"],
        ...["--output", "imported.safetensors"],
      );
      assertEquals(imported.code, 0, imported.error);
      assertEquals(await evaluate(folder, "imported.safetensors"), expected);
    }
    const plainConfig = TINY.replace("do_conv2d", "conv2d");
    await Deno.writeTextFile(join(folder, "plain.yaml"), plainConfig);
    const plain = await overfold(
      folder,
      ...["import", join("runs", "tiny", "folded", "model.safetensors")],
      ...["--config", "plain.yaml", "--output", "c.safetensors"],
    );
    assertEquals(plain.code, 0, plain.error);
    const refused = await overfold(folder, "export", "c.safetensors", "--format", "authors");
    assertEquals(refused.code, 2);
    assertStringIncludes(refused.error, "is for DO-Conv kernels, which this network does not have");
  }));

Deno.test("a run can start from a folded network; weights that do not fit are rejected", () =>
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
    const wrong = await train("--set", "model.replaceClassifier=false");
    assertEquals(wrong.code, 2);
    assertStringIncludes(wrong.error, "6.weight is [3, 4], the model has [4, 4]");
    const right = await train("--set", "training.freeze=backbone");
    assertEquals(right.code, 0, right.error);
    assertStringIncludes(right.error, "note: 6 is initialized, for 4 classes; ");
    assertStringIncludes(right.error, `${pretrained} has 3`);
    assertStringIncludes(right.out, "; the statistics of 1 batch norm stay fixed");
    const { tensors } = await readSafetensors(
      join(folder, "finetuned", "checkpoints", "last.safetensors"),
    );
    assertEquals(tensors.get("6.weight")?.shape, [4, 4]);
  }));

Deno.test("a run can start from published weights, which are downloaded once", () =>
  withTrainedRun(async (folder) => {
    const pretrained = join("runs", "tiny", "folded", "model.safetensors");
    const weights = await Deno.readFile(join(folder, pretrained));
    const digest = createHash("sha256").update(weights).digest("hex");
    const pointer = new TextEncoder().encode(`oid sha256:${digest}\nsize ${weights.length}\n`);
    await using server = startFaultServer(({ path }) => ({
      body: path.includes("/raw/") ? pointer : weights,
    }));
    const ends: Safetensors[] = [];
    for (const from of [pretrained, "timm/tiny.own", "timm/tiny.own"]) {
      const keys = [`model.pretrained=${from}`, `model.mirror=${server.url}`];
      const set = keys.flatMap((key) => ["--set", key]);
      const output = `run${ends.length}`;
      const { code, error } = await overfold(
        folder,
        ...["train", "tiny.yaml", "--output", output, ...set],
      );
      assertEquals(code, 0, error);
      ends.push(await readSafetensors(join(folder, output, "checkpoints", "last.safetensors")));
    }
    assertEquals(ends[1].tensors, ends[0].tensors);
    assertEquals(ends[2].tensors, ends[0].tensors);
    assertEquals(server.requests.length, 2, "fetched once");
  }));

Deno.test("import loads weights into a model by name, plain kernels into DO-Conv too", () =>
  withTinyConfig(async (folder) => {
    const name = "cifar_resnet20_v1";
    const model = buildModel(name, { classes: 4, inputSize: 16 });
    model.initialize(7);
    const tensors = new Map(
      [...model.stateDict()].map(([key, { shape, data }]) =>
        [key, { dtype: "F32", shape, data: Float32Array.from(data, Number) }] as const
      ),
    );
    await writeSafetensors(join(folder, "weights.safetensors"), tensors);
    await Deno.writeTextFile(join(folder, "names.txt"), "a\nb\nc\n");
    const importing = (...options: string[]) =>
      overfold(
        ...[
          folder,
          "import",
          "weights.safetensors",
          "--model",
          name,
          "--input-size",
          "16",
        ] as const,
        ...[...options, "--output", "imported.safetensors"],
      );
    const short = await importing("--class-names", "names.txt");
    assertEquals(short.code, 2);
    await Deno.writeTextFile(join(folder, "names.txt"), "a\nb\nc\nb\n");
    const scaled = await importing("--mean", "123,116,103", "--std", "58,57,57");
    assertEquals(scaled.code, 2);
    assertStringIncludes(
      scaled.error,
      "--mean: found 123, 116, 103, expected values divided by 255",
    );
    const deviations = await importing("--std", "58,57,57");
    assertEquals(deviations.code, 2);
    assertStringIncludes(
      deviations.error,
      "--std: found 58, 57, 57, expected values divided by 255",
    );
    const equal = await importing("--class-names", "names.txt");
    assertEquals(equal.code, 2);
    assertStringIncludes(equal.error, 'found "b" twice');
    await Deno.writeFile(join(folder, "names.txt"), Uint8Array.of(97, 10, 0xe9, 10, 98, 10, 99));
    const latin = await importing("--class-names", "names.txt");
    assertEquals(latin.code, 2);
    assertStringIncludes(latin.error, "names.txt: not a UTF-8 text file");
    await Deno.writeTextFile(join(folder, "names.txt"), "a\nb\nc\nd\n");
    const logits: Float32Array[] = [];
    const deep = { name: "do_conv", depthMultiplier: 18, pairing: "paper" } as const;
    for (const convolution of ["conv", "do_conv", deep] as const) {
      const written = typeof convolution === "string" ? convolution : JSON.stringify(convolution);
      const options = ["--class-names", "names.txt", "--convolution", written];
      const { code, error } = await importing(...options);
      assertEquals(code, 0, error);
      const network = await loadNetwork(join(folder, "imported.safetensors"));
      assertEquals(network.description.classNames, ["a", "b", "c", "d"]);
      assertEquals(network.checkpoint?.architecture.options.convolution, convolution);
      const pixels = Uint8Array.from({ length: 16 * 16 * 3 }, (_, i) => (37 * i) % 256);
      logits.push(await logitsOf(referenceBackend(), network.program(1), pixels));
    }
    for (const unfolded of logits.slice(1)) {
      assertWithin([{ name: "logits", ...deviation(unfolded, logits[0]) }], 1e-6);
    }
    const misspelled = await importing("--convolution", "{ name: do_conv, depth: 18 }");
    assertEquals(misspelled.code, 2);
    assertStringIncludes(
      misspelled.error,
      '--convolution.depth: unknown key; did you mean "depthMultiplier"?',
    );
    const both = await importing("--set", "seed=1");
    assertStringIncludes(both.error, "--set needs --config");
  }));

Deno.test("import rejects missing and damaged files", () =>
  withTinyConfig(async (folder) => {
    const both = await overfold(folder, "import", "x.safetensors", "--model", "resnet18");
    assertEquals(both.code, 2);
    assertStringIncludes(both.error, "x.safetensors: no such file");
    await Deno.writeTextFile(join(folder, "x.onnx"), "text");
    const damaged = await overfold(folder, "import", "x.onnx", "--model", "resnet18");
    assertEquals(damaged.code, 2);
    assertStringIncludes(damaged.error, "x.onnx: this is a text file, not an ONNX network");
  }));
