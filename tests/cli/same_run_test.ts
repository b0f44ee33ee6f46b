import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { checkSameRun, factsOf } from "../../cli/same_run.ts";
import type { Checkpoint } from "../../checkpoints/checkpoint.ts";
import { START } from "../../checkpoints/run_state.ts";
import { configJsonSchema } from "../../config/json_schema.ts";
import { parseConfig } from "../../config/load.ts";
import { InputError } from "../../errors.ts";
import type { JsonSchema } from "../../schema/json.ts";
import type { RunIdentity } from "../../training/run_folder.ts";

const BACKEND: RunIdentity["backend"] = {
  name: "cpu",
  threads: 2,
  description: "CPU, 2 threads",
  numerics: { threads: 2, partition: "static", precision: "fast" },
};
const TEXT = "data: {dataset: mnist}\nmodel: {name: do_conv_net}\n";

function configOf(...set: string[]) {
  return parseConfig(TEXT, "run.yaml", { set }).config;
}

function checkpointOf(config: unknown): Checkpoint {
  return {
    config,
    architecture: { name: "do_conv_net", options: { classes: 10 } },
    description: {
      model: "do_conv_net",
      input: { height: 28, width: 28, channels: 1 },
      normalization: { mean: [0], std: [1] },
      classNames: [],
    },
    seed: 0,
    backend: BACKEND,
    state: START,
    metricsBytes: 0,
    tensors: { model: new Map(), optimizer: new Map() },
  };
}

/** The warnings when a run of `before` resumes with `now`. */
function warnings(before: unknown, now: string[], otherBits = false): string[] {
  return checkSameRun(checkpointOf(before), "last.safetensors", configOf(...now), { otherBits });
}

Deno.test("the schema marks the keys that a resumed run may change", () => {
  const marked: Record<string, string[]> = { free: [], bits: [], extends: [] };
  const walk = (schema: JsonSchema, path: string[]) => {
    for (const [key, inner] of Object.entries(schema.properties ?? {})) {
      const { resume } = inner;
      if (typeof resume === "string") marked[resume].push([...path, key].join("."));
      walk(inner, [...path, key]);
    }
  };
  walk(configJsonSchema(), []);
  const extending = ["epochs", "monitor", "earlyStopping", "validateEvery", "logEvery", "logNorms"];
  assertEquals(marked.extends, extending.map((key) => `training.${key}`));
  assertEquals(marked.bits, ["backend", "threads", "precision", "data.evalBatchSize"]);
  for (const key of ["name", "output", "checkpoints", "fold"]) {
    assertEquals(marked.free.includes(key), true, key);
  }
  const free = marked.free.filter((key) => /^(seed|model|training)/.test(key));
  assertEquals(free, ["training.maxTime", "training.loggers"]);
});

Deno.test("keys that do not affect results may change; another number of epochs gives a warning", () => {
  const before = configOf();
  assertEquals(warnings(before, []), []);
  const same = ["output=elsewhere", "checkpoints.everySteps=5", "threads={count: auto}"];
  assertEquals(warnings(before, same), []);
  assertEquals(warnings(before, ["training.epochs=12"]), [
    "the config has changed: training.epochs was 10, is 12",
  ]);
});

Deno.test("keys that change bits require --other-bits, unless the run's numerics are unknown", () => {
  for (const change of ["backend=webgpu", "threads.count=3", "data.evalBatchSize=9"]) {
    const [key] = change.split("=");
    const { message } = assertThrows(() => warnings(configOf(), [change]), InputError);
    assertStringIncludes(message, "--other-bits");
    assertStringIncludes(message, `\n  ${key} was `);
    assertEquals(warnings(configOf(), [change], true), []);
    const { numerics: _, ...backend } = BACKEND;
    const former = { ...checkpointOf(configOf()), backend };
    assertEquals(checkSameRun(former, "last.safetensors", configOf(change)), []);
  }
});

Deno.test("a key left open when a run began may be set to the value it was computed with", () => {
  const same = ["backend=cpu", "threads=2"];
  assertEquals(warnings(configOf(), same), []);
  assertEquals(warnings(configOf(...same), []), []);
  for (const change of ["threads={count: 2, partition: dynamic}", "precision=high"]) {
    assertThrows(() => warnings(configOf(), [...same, change]), InputError, "--other-bits");
  }
  const { message } = assertThrows(
    () => warnings(configOf("backend=cpu"), ["threads=3"]),
    InputError,
  );
  assertEquals(message.split("\n  ").slice(1), ['threads.count was "auto", is 3']);
  const backend = { ...BACKEND, name: "webgpu", numerics: { halfActivations: false, tuning: {} } };
  const former = { ...checkpointOf(configOf()), backend };
  const onGpu = (...set: string[]) => checkSameRun(former, "last.safetensors", configOf(...set));
  assertEquals(onGpu("backend=webgpu", "precision=high", "threads=3"), []);
  for (const change of ["backend=cpu", "precision=mixed"]) {
    assertThrows(() => onGpu(change), InputError, "--other-bits");
  }
});

Deno.test("a run whose config has a former key resumes with the present one", () => {
  const backend = { ...BACKEND, numerics: { ...BACKEND.numerics, partition: "dynamic" } };
  const former = { ...configOf(), threads: { count: 2, schedule: "dynamic" } };
  const now = configOf("threads={count: 2, partition: dynamic}");
  assertEquals(checkSameRun({ ...checkpointOf(former), backend }, "last.safetensors", now), []);
});

Deno.test("a run resumes with another threshold or monitor, with a warning", () => {
  const labels = ["data.dataset=synthetic_multi_label", "training.objective.name=multi_label"];
  const before = configOf(...labels);
  const now = ["training.objective.threshold=0.3", "training.monitor=f1"];
  assertEquals(warnings(before, [...labels, ...now]), [
    "the config has changed: training.objective.threshold was 0.5, is 0.3",
    'the config has changed: training.monitor was not set, is "f1"',
  ]);
  const weighted = [...labels, "training.objective.positiveWeight=2"];
  assertThrows(() => warnings(before, weighted), InputError, "positiveWeight was not set, is 2");
});

Deno.test("a run does not resume with another network, recipe or seed", () => {
  for (const change of ["seed=1", "training.freeze=[fc]", "data.batchSize=64"]) {
    const [key] = change.split("=");
    assertThrows(() => warnings(configOf(), [change]), InputError, `  ${key} was `);
  }
});

Deno.test("keys missing in a stored config count as their defaults", () => {
  const { data, model } = configOf();
  assertEquals(warnings({ name: "run", data: { dataset: data.dataset }, model }, []), []);
});

Deno.test("a run of a former config resumes with the same values of former keys only", () => {
  const former = {
    data: { dataset: "mnist" },
    model: { name: "do_conv_net", convolution: "do_conv", pairing: "paper", depthMultiplier: 30 },
    training: { labelSmoothing: 0.1 },
  };
  const same = ["model.convolution.depthMultiplier=30", "training.objective.labelSmoothing=0.1"];
  assertEquals(warnings(former, same), []);
  assertEquals(warnings(former, ["model.depthMultiplier=30", "training.labelSmoothing=0.1"]), []);
  const { message } = assertThrows(
    () => warnings(former, [...same, "training.labelSmoothing=0.3"]),
    InputError,
  );
  assertStringIncludes(message, "training.objective.labelSmoothing was 0.1, is 0.3");
});

Deno.test("a run of a former version has one shard and resumes with no other number", () => {
  const { shards: _, ...data } = configOf().data;
  const former = { ...configOf(), data };
  assertEquals(warnings(former, ["data.shards=1"]), []);
  assertEquals(warnings(former, []), []);
  assertThrows(() => warnings(former, ["data.shards=4"]), InputError, "data.shards was 1, is 4");
});

Deno.test("ranks compare the keys that decide results, not paths or threads", () => {
  const facts = factsOf(configOf());
  assertEquals(factsOf(configOf("data.root=elsewhere", "threads=3", "output=there")), facts);
  const others = factsOf(configOf("training.optimizer.learningRate=0.3"));
  const different = Object.keys(facts).filter((name) => facts[name] !== others[name]);
  assertEquals(different, ["training.optimizer.learningRate"]);
});
