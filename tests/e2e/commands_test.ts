import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { join } from "@std/path";
import { readFoldedNetwork } from "../../networks/network_file.ts";
import {
  overfold,
  parseEvents,
  TINY,
  withTinyConfig as withConfig,
  withTrainedRun,
} from "./cli.ts";

/** Colour images, and convolutions whose kind `model.convolution` sets. */
const CONFIG = TINY.replace("channels: 2", "channels: 3").replace("do_conv2d", "convolution");

const withTinyConfig = (work: (folder: string) => Promise<void>) => withConfig(work, CONFIG);

const CHECKPOINT = join("runs", "tiny", "checkpoints", "best.safetensors");

/** Runs `work` in a folder with a trained, unfolded run of the tiny config. */
const withUnfoldedRun = (work: (folder: string) => Promise<void>) =>
  withTrainedRun(work, CONFIG, "--set", "fold=false");

Deno.test("fold writes plain kernels into the run's folder and reports the differences", () =>
  withUnfoldedRun(async (folder) => {
    const { code, out, error } = await overfold(folder, "fold", CHECKPOINT, "--json");
    assertEquals(code, 0, error);
    const [result] = parseEvents(out);
    assertEquals(Object.keys(result), [
      "maxAbsDifference",
      "maxRelativeDifference",
      "top1Agreement",
      "output",
    ]);
    assert((result.maxRelativeDifference as number) < 1e-4);
    assertEquals(result.top1Agreement, 1);
    assertEquals(result.output, join("runs", "tiny", "folded", "best.safetensors"));
    const { tensors } = await readFoldedNetwork(join(folder, result.output as string));
    assert(![...tensors.keys()].some((name) => /\.[WD]$/.test(name)));
  }));

Deno.test("a folded network evaluates like its checkpoint", () =>
  withUnfoldedRun(async (folder) => {
    const output = join("runs", "tiny", "folded", "small.safetensors");
    assertEquals((await overfold(folder, "fold", CHECKPOINT, "--output", output)).code, 0);
    const [unfolded, folded] = await Promise.all(
      [CHECKPOINT, output].map(async (file) =>
        parseEvents((await overfold(folder, "eval", file, "--json")).out)[0]
      ),
    );
    assertEquals(folded.accuracy, unfolded.accuracy);
    assertAlmostEquals(folded.loss as number, unfolded.loss as number, 1e-5);
  }));

Deno.test("inspect shows the same layers for a config and its checkpoint", () =>
  withUnfoldedRun(async (folder) => {
    const [{ runMemory, ...config }, checkpoint] = await Promise.all(
      ["tiny.yaml", CHECKPOINT].map(async (file) =>
        parseEvents((await overfold(folder, "inspect", file, "--json")).out)[0]
      ),
    );
    assertEquals(config, checkpoint);
    assert((config.trainingParameters as number) > (config.foldedParameters as number));
    const { totalBytes, variableBytes } = config.memory as Record<string, number>;
    assert(totalBytes > variableBytes && variableBytes > 0);
    assert((runMemory as Record<string, number>).total > totalBytes);
    const plain = await overfold(
      folder,
      "inspect",
      "tiny.yaml",
      "--set",
      "model.convolution=conv",
      "--json",
    );
    const [{ trainingParameters }] = parseEvents(plain.out);
    assertEquals(trainingParameters, config.foldedParameters);
  }));

Deno.test("inspect shows the layers, parameters and MACs of a folded network", () =>
  withUnfoldedRun(async (folder) => {
    const folded = join("runs", "tiny", "folded", "best.safetensors");
    await overfold(folder, "fold", CHECKPOINT);
    const [network, checkpoint] = await Promise.all(
      [folded, CHECKPOINT].map(async (file) =>
        parseEvents((await overfold(folder, "inspect", file, "--json")).out)[0]
      ),
    );
    for (const total of ["foldedParameters", "macs"]) {
      assertEquals(network[total], checkpoint[total], total);
    }
    const paths = ({ layers }: typeof network) => (layers as { path: string }[]).map((l) => l.path);
    assertEquals(paths(network), paths(checkpoint));
    assertEquals("trainingParameters" in network, false);
    const { out } = await overfold(folder, "inspect", folded);
    assertMatch(out, /^layer +kind +output +folded +MACs\n0 +conv2d +4x8x8 +112 /);
    const { code, error } = await overfold(folder, "inspect", folded, "--set", "seed=1");
    assertEquals(code, 2);
    assertStringIncludes(error, "has no config");
  }));

for (const subject of ["training", "inference"]) {
  Deno.test(`bench reports the speed of ${subject} and the time per kernel`, () =>
    withTinyConfig(async (folder) => {
      const options = subject === "inference" ? ["--inference"] : [];
      const command = ["bench", "tiny.yaml", "--steps", "2", "--json", ...options];
      const { code, out, error } = await overfold(folder, ...command);
      assertEquals(code, 0, error);
      const [result] = parseEvents(out);
      for (const key of ["imagesPerSecond", "millisecondsPerStep", "gigaflops"]) {
        assert((result[key] as number) > 0, key);
      }
      assertEquals([result.backend, result.batchSize], ["cpu", 8]);
      const kernels = result.kernels as { kernel: string; share: number }[];
      const sum = kernels.reduce((sum, { share }) => sum + share, 0);
      assertAlmostEquals(sum, 1, 1e-9);
      const trains = kernels.some(({ kernel }) => kernel === "conv2dWeightGradient");
      assertEquals(trains, subject === "training");
    }));
}

Deno.test("bench --form selects the form of code and rejects unknown ones", () =>
  withTinyConfig(async (folder) => {
    const bench = (form: string) =>
      overfold(folder, "bench", "tiny.yaml", "--steps", "1", "--form", form);
    const { code, out, error } = await bench("wasm");
    assertEquals(code, 0, error);
    assertStringIncludes(out, "WebAssembly SIMD, 128-bit vectors");
    const wrong = await bench("avx");
    assertEquals(wrong.code, 2);
    assertStringIncludes(wrong.error, 'found "avx", expected one of wasm, avx2, avx512');
  }));

Deno.test("bench rejects --cost with --inference", () =>
  withTinyConfig(async (folder) => {
    const { code, error } = await overfold(folder, "bench", "tiny.yaml", "--cost", "--inference");
    assertEquals(code, 2);
    assertStringIncludes(error, "leave out --inference");
  }));

Deno.test("threads can be partitioned dynamically; a wrong partition is reported at its key", () =>
  withTinyConfig(async (folder) => {
    const bench = (threads: string) =>
      overfold(folder, "bench", "tiny.yaml", "--steps", "1", "--set", `threads=${threads}`);
    const { code, out, error } = await bench("{count: 2, partition: dynamic}");
    assertEquals(code, 0, error);
    assertStringIncludes(out, "2 threads");
    assertStringIncludes(out, "dynamic partition");
    const wrong = await bench("{partition: dynamc}");
    assertEquals(wrong.code, 2);
    assertStringIncludes(wrong.error, "threads.partition");
  }));

Deno.test("init writes a config that inspect accepts", () =>
  withTinyConfig(async (folder) => {
    assertEquals((await overfold(folder, "init", "new.yaml")).code, 0);
    const { code, error } = await overfold(folder, "inspect", "new.yaml");
    assertEquals(code, 0, error);
  }));
