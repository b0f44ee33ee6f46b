import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { webgpuBackend } from "../../../backends/webgpu/mod.ts";
import {
  type AdapterName,
  loadTuning,
  saveTuning,
  type Tuning,
  type TuningStore,
} from "../../../backends/webgpu/tuning.ts";
import { tunableKernels } from "../../../backends/webgpu/tune.ts";
import { fileTuningStore } from "../../../backends/webgpu/tuning_store.ts";
import { input, output, trace } from "../../../graph/trace.ts";
import { matmul } from "../../../ops/matmul.ts";
import { gpuTest, randomData } from "./gpu.ts";

const ADAPTER: AdapterName = {
  vendor: "acme",
  architecture: "x1",
  device: "7",
  description: "Acme GPU (rev. 2)",
};
const FOUND: Tuning = new Map([["conv2d 1x2 {}", "8x8"], ["matmul 3x4 {}", "4x4"]]);

/** Stores texts in memory. */
function memoryStore(driver = "1.0"): TuningStore & { readonly texts: Map<string, string> } {
  const texts = new Map<string, string>();
  return {
    texts,
    read: (name) => Promise.resolve(texts.get(name)),
    write: (name, text) => Promise.resolve(void texts.set(name, text)),
    driver: () => Promise.resolve(driver),
  };
}

async function load(store: TuningStore) {
  const warnings: string[] = [];
  const tuning = await loadTuning(store, ADAPTER, (line) => warnings.push(line));
  return { tuning, warnings };
}

Deno.test("a stored tuning is read and extended", async () => {
  const store = memoryStore();
  assertEquals(await load(store), { tuning: new Map(), warnings: [] });
  await saveTuning(store, ADAPTER, FOUND);
  assertEquals(await load(store), { tuning: FOUND, warnings: [] });
  await saveTuning(store, ADAPTER, new Map([["matmul 3x4 {}", "8x8"], ["linear 1x1 {}", "2x2"]]));
  const { tuning } = await load(store);
  assertEquals(Object.fromEntries(tuning), {
    "conv2d 1x2 {}": "8x8",
    "linear 1x1 {}": "2x2",
    "matmul 3x4 {}": "8x8",
  });
  const other = await loadTuning(store, { ...ADAPTER, device: "8" }, () => {});
  assertEquals(other.size, 0, "another adapter has its own");
});

Deno.test("a tuning for another driver, version or adapter is ignored with a warning", async () => {
  const changes: Record<string, string> = {
    driver: '"driver": "0.9"',
    version: '"version": 0',
    runtime: '"runtime": "Other/1"',
  };
  for (const [key, changed] of Object.entries(changes)) {
    const store = memoryStore();
    await saveTuning(store, ADAPTER, FOUND);
    const [[name, text]] = [...store.texts];
    store.texts.set(name, text.replace(new RegExp(`"${key}": [^,]*`), changed));
    const { tuning, warnings } = await load(store);
    assertEquals(tuning.size, 0);
    assertEquals(warnings.length, 1, key);
    assertStringIncludes(warnings[0], "overfold tune CONFIG");
    await saveTuning(store, ADAPTER, new Map([["linear 1x1 {}", "2x2"]]));
    assertEquals((await load(store)).tuning.size, 1, "stale winners are not kept");
  }
});

Deno.test("a damaged file is ignored with a warning", async () => {
  const broken = ["", "{", "null", "[]", '{"version": 1}', '{"version":1,"kernels":{"a":1}}'];
  for (const text of broken) {
    const store = memoryStore();
    await saveTuning(store, ADAPTER, FOUND);
    store.texts.set([...store.texts.keys()][0], text);
    const { tuning, warnings } = await load(store);
    assertEquals(tuning.size, 0, text);
    assertEquals(warnings.length, 1, text);
    assertStringIncludes(warnings[0], "cannot be used");
  }
});

Deno.test("a tuning folder contains one complete file per adapter", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const store = fileTuningStore(join(folder, "webgpu"));
    assertEquals((await load(store)).tuning.size, 0);
    await saveTuning(store, ADAPTER, FOUND);
    assertEquals(await load(fileTuningStore(join(folder, "webgpu"))), {
      tuning: FOUND,
      warnings: [],
    });
    const names = [...Deno.readDirSync(join(folder, "webgpu"))].map(({ name }) => name);
    assertEquals(names, ["acme-gpu-rev-2-acme-x1-7.json"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

gpuTest(
  "a backend uses tuned variants with the same bits every time, and warns of unknown ones",
  async () => {
    const program = trace({ name: "product" }, () => {
      output("y", matmul(input("a", [40, 70], "f32"), input("b", [70, 40], "f32")));
    });
    const [kernel] = tunableKernels([program]);
    const warnings: string[] = [];
    const run = async (variant: string) => {
      const store = memoryStore();
      const adapter = await navigator.gpu.requestAdapter();
      assert(adapter);
      await saveTuning(store, adapter.info, new Map([[kernel.key, variant]]));
      const warn = (line: string) => warnings.push(line);
      const executable = await (await webgpuBackend({ tuning: store, warn })).compile([program]);
      const inputs = { a: randomData([40, 70], 1), b: randomData([70, 40], 2) };
      const { y } = await executable.run("product", inputs);
      executable.dispose();
      return y;
    };
    const variant = kernel.variants.at(-1)!;
    assertEquals(await run(variant), await run(variant));
    const known = warnings.filter((line) => line.includes("tuning"));
    assertEquals(known, []);
    await run("no such tile");
    assertStringIncludes(warnings.at(-1)!, '"no such tile"');
  },
);
