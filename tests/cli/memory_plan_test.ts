import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { join } from "@std/path";
import { openBackend } from "../../backends/registry.ts";
import { openImages } from "../../cli/load_data.ts";
import { checkPlan, describePlan, planRun } from "../../cli/memory_plan.ts";
import { buildNetwork, planNetwork, programsOf } from "../../cli/prepare.ts";
import { loadConfig } from "../../config/load.ts";
import { InputError } from "../../errors.ts";
import { plainPng, withFiles } from "../support/pictures.ts";

const CONFIG = `\
data:
  dataset: { name: image_folder, root: ROOT, holdOut: { count: 2 } }
  train: [{ name: random_resized_crop, size: 8 }]
  batchSize: 4
  evalBatchSize: 4
model:
  layers: [flatten, { linear: { outFeatures: 2 } }]
training:
  epochs: 1
  optimizer: { name: sgd, learningRate: 0.1, momentum: 0.9 }
`;

const FILES = Object.fromEntries(
  Array.from({ length: 10 }, (_, i) => [
    `${i % 2 ? "odd" : "even"}/${i}.png`,
    plainPng([i, 0, 0], 30 + i, 20),
  ]),
);

/** Calls `test` with a function that plans the memory of a config with overrides. */
const withPlans = (
  test: (plan: (...set: string[]) => ReturnType<typeof planned>, root: string) => unknown,
) =>
  withFiles(FILES, async (root) => {
    const path = join(root, "..", "plan.yaml");
    await Deno.writeTextFile(path, CONFIG.replace("ROOT", JSON.stringify(root)));
    await test((...set) => planned(path, set), root);
    await Deno.remove(path);
  });

async function planned(path: string, set: readonly string[]) {
  const file = await loadConfig(path, { set });
  const { cache } = file.config.data;
  const { info, load } = await openImages(file, { pictureCache: cache });
  const { architecture, description } = await planNetwork(file, info);
  const model = buildNetwork(file, architecture);
  const { train, test } = await load();
  const backend = await openBackend({ backend: "cpu", threads: 1 });
  const counts = { train: train.count, validation: test.count };
  const programs = programsOf(file, model, description, counts);
  const plan = planRun(file, backend, programs, model, { train, validation: test });
  return { file, plan };
}

Deno.test("a plan counts the network, batches, threads, image sizes and the cache", () =>
  withPlans(async (plan) => {
    const { plan: { memory, programs, threads, picture } } = await plan("data.workers=1");
    assertEquals(memory.network, programs.totalBytes);
    assertEquals(threads, 2);
    assert(picture && picture.height === 20 && picture.width >= 38, JSON.stringify(picture));
    // Four training batches of four images, and four validation batches of two.
    assertEquals(memory.batches, (4 * 4 + 4 * 2) * 8 * 8 * 3);
    assertEquals(memory.cache, 0);
    assertEquals(memory.total, Object.values(memory).reduce((sum, bytes) => sum + bytes) / 2);

    const { plan: more } = await plan("data.workers=2", "data.cache=memory");
    assertEquals(more.threads, 3);
    assert(more.memory.batches > memory.batches);
    assertEquals(more.memory.workers / 3, memory.workers / 2);
    assertEquals(more.memory.cache, 10 * picture.height * picture.width * 3);
    const line = describePlan(more);
    assertStringIncludes(line, `for 3 threads decoding images of 20x${picture.width}`);
  }));

Deno.test("a plan beyond the memory is rejected, one beyond the free memory gives a warning", () =>
  withPlans(async (plan) => {
    const { file, plan: found } = await plan();
    const { memory: { total }, atOnce } = found;
    assertEquals(checkPlan(file, found, 1, { all: total, free: total }), []);
    const [warning] = checkPlan(file, found, 1, { all: total, free: total - 1 });
    assertStringIncludes(warning, "of memory are free now, and the training takes about ");
    const error = assertThrows(
      () => checkPlan(file, found, 1, { all: atOnce - 1, free: 0 }),
      InputError,
      "plan.yaml:2:3 data: this machine has ",
    );
    assertStringIncludes(error.message, "; reduce it with ");
    const machine = { all: 3 * total, free: 2 * total };
    assertEquals(checkPlan(file, found, 2, machine), []);
    assertStringIncludes(
      checkPlan(file, found, 3, machine)[0],
      "the training's 3 processes take about ",
    );
    assertThrows(
      () => checkPlan(file, found, 3, { all: 3 * atOnce - 1, free: 0 }),
      InputError,
      ", for each of 3 processes; reduce it with ",
    );
    const memory = { ...found.memory, network: 10 * total, total: 11 * total };
    assertThrows(
      () => checkPlan(file, { ...found, memory, atOnce: 11 * total }, 1, { all: total, free: 0 }),
      InputError,
      "reduce it with more data.shards, a smaller data.batchSize or data.evalBatchSize",
    );
  }));

Deno.test("a single large image counts for one thread at a time", () =>
  withPlans(async (plan, root) => {
    const { plan: even } = await plan("data.workers=3");
    const large = plainPng([0, 0, 0], 1, 1);
    // Only its header is read.
    [16, 20].forEach((at) => new DataView(large.buffer).setUint32(at, 3000));
    await Deno.writeFile(join(root, "even", "0.png"), large);
    const { file, plan: found } = await plan("data.workers=3");
    assertEquals(found.picture && [found.picture.height, found.picture.width], [3000, 3000]);
    assertEquals(found.threads, 3);
    const more = found.memory.workers - even.memory.workers;
    // Only one of the three threads decodes it at a time.
    assertAlmostEquals(found.atOnce - even.atOnce, more / 3, more / 100);
    const all = found.memory.total - 1;
    assertStringIncludes(checkPlan(file, found, 1, { all, free: all })[0], "are free now");
  }));
