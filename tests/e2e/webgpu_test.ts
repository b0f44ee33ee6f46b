import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { readCheckpoint } from "../../checkpoints/checkpoint.ts";
import { hasAdapter } from "../support/backends.ts";
import { type Finished, overfold, overfoldAfter, parseEvents, withTinyConfig } from "./cli.ts";

const adapter = await navigator.gpu?.requestAdapter();
const hasHalf = adapter?.features.has("shader-f16") ?? false;

const TRAIN = ["train", "tiny.yaml", "--set", "backend=webgpu"];
const LAST = join("runs", "tiny", "checkpoints", "last.safetensors");

Deno.test({
  name: "train, fold and eval work on WebGPU and agree with the CPU",
  ignore: !hasAdapter,
  fn: () =>
    withTinyConfig(async (folder) => {
      const trained = await overfold(folder, ...TRAIN);
      assertEquals(trained.code, 0, trained.error);
      const folded = join("runs", "tiny", "folded", "model.safetensors");
      const evaluate = async (backend: string) => {
        const { out } = await overfold(folder, "eval", folded, "--backend", backend, "--json");
        return JSON.parse(out);
      };
      const [gpu, cpu] = [await evaluate("webgpu"), await evaluate("cpu")];
      assertEquals(gpu.accuracy, cpu.accuracy);
      assert(Math.abs(gpu.loss - cpu.loss) < 1e-4 * cpu.loss);
    }),
});

Deno.test("bench --cost counts a step without an adapter", () =>
  withTinyConfig(async (folder) => {
    const preload = new URL("../support/gpu_faults/no_adapter.ts", import.meta.url);
    const { code, out, error } = await overfoldAfter(
      preload,
      folder,
      ...["bench", "tiny.yaml", "--cost", "--json"],
    );
    assertEquals(code, 0, error);
    const [cost] = parseEvents(out) as { [key: string]: number }[];
    for (
      const key of ["dispatches", "flops", "bytes", "perfectBytes", "pipelines", "memoryBytes"]
    ) {
      assert(cost[key] > 0, key);
    }
  }));

Deno.test({
  name: "bench measures steps and kernels on WebGPU",
  ignore: !hasAdapter,
  fn: () =>
    withTinyConfig(async (folder) => {
      const options = ["--set", "backend=webgpu", "--steps", "2", "--profile", "--json"];
      const { code, out, error } = await overfold(folder, "bench", "tiny.yaml", ...options);
      assertEquals(code, 0, error);
      const [result] = parseEvents(out);
      assertEquals(result.backend, "webgpu");
      assert(Number(result.imagesPerSecond) > 0);
    }),
});

Deno.test("without an adapter, webgpu is rejected with advice, and auto uses the CPU", () =>
  withTinyConfig(async (folder) => {
    const named = await trainWith("no_adapter", folder);
    assertEquals(named.code, 2);
    assertStringIncludes(named.error, "no WebGPU adapter was found; `overfold doctor`");
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["tiny.yaml"]);
    const auto = await trainWith("no_adapter", folder, "--set", "backend=auto");
    assertEquals(auto.code, 0, auto.error);
    assertStringIncludes(auto.out, "CPU, 1 thread");
  }));

Deno.test({
  name: "an adapter with too small limits is rejected with advice",
  ignore: !hasAdapter,
  fn: () =>
    withTinyConfig(async (folder) => {
      const { code, error } = await trainWith("small_limits", folder);
      assertEquals(code, 2);
      assertStringIncludes(error, "more than maxStorageBuffersPerShaderStage");
      assertStringIncludes(error, "use `backend: cpu`");
    }),
});

Deno.test({
  name: "mixed precision trains, folds and resumes, and is rejected where it is unsupported",
  ignore: !hasHalf,
  fn: () =>
    withTinyConfig(async (folder) => {
      const mixed = ["--set", "precision=mixed"];
      const refused = await trainWith("no_half", folder, ...mixed);
      assertEquals(refused.code, 2);
      assertStringIncludes(refused.error, "needs the WebGPU feature shader-f16");
      const onCpu = await overfold(folder, ...TRAIN, ...mixed, "--set", "backend=cpu");
      assertEquals(onCpu.code, 2);
      assertStringIncludes(onCpu.error, "`precision: mixed` is for WebGPU");
      const trained = await overfold(folder, ...TRAIN, ...mixed);
      assertEquals(trained.code, 0, trained.error);
      assertStringIncludes(trained.out, "mixed precision");
      const resumed = await overfold(
        folder,
        ...TRAIN,
        ...mixed,
        "--set",
        "training.epochs=3",
        "--resume",
      );
      assertEquals(resumed.code, 0, resumed.error);
      const evaluated = await overfold(folder, "eval", LAST, "--backend", "cpu");
      assertEquals(evaluated.code, 0, evaluated.error);
    }),
});

Deno.test({
  name: "a lost device keeps the last checkpoint, from which the run resumes to the same bits",
  ignore: !hasAdapter,
  fn: () =>
    withTinyConfig(async (folder) => {
      const early = await trainWith("lost_device", folder, "--set", "training.epochs=3");
      assertEquals(early.code, 1);
      assertStringIncludes(early.error, "was lost");
      assertStringIncludes(early.error, `Resume from the last checkpoint, ${LAST}.`);
      assertStringIncludes(
        early.error,
        "to resume: overfold train tiny.yaml --set backend=webgpu --set training.epochs=3 --resume",
      );
      const resumed = await overfold(folder, ...TRAIN, "--set", "training.epochs=3", "--resume");
      assertEquals(resumed.code, 0, resumed.error);
      assertStringIncludes(resumed.error, "resuming at step 12 (epoch 2 of 3)");
      const uninterrupted = await overfold(
        folder,
        ...[...TRAIN, "--set", "training.epochs=3", "--output", "uninterrupted"],
      );
      assertEquals(uninterrupted.code, 0, uninterrupted.error);
      const file = join("checkpoints", "last.safetensors");
      const weights = async (run: string) =>
        (await readCheckpoint(join(folder, run, file))).tensors;
      assertEquals(await weights(join("runs", "tiny")), await weights("uninterrupted"));
    }),
});

function trainWith(fault: string, folder: string, ...options: string[]): Promise<Finished> {
  const preload = new URL(`../support/gpu_faults/${fault}.ts`, import.meta.url);
  return overfoldAfter(preload, folder, ...TRAIN, ...options);
}
