import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { formatConfig, loadConfig, parseConfig, parseStored } from "../../config/load.ts";
import { DATASETS } from "../../datasets/registry.ts";
import { InputError, type OptionPath } from "../../errors.ts";
import { LAYERS } from "../../layers/registry.ts";
import { bareNames, type Registry } from "../../schema/entry.ts";
import { messageOf, MINIMAL } from "../support/config_messages.ts";
import { OPTIMIZERS } from "../../training/optimizers/registry.ts";
import { withFolder } from "../support/folder.ts";

/** The names of a registry, as messages list them. */
const names = (registry: Registry) => Object.keys(registry).join(", ");

Deno.test("a minimal config gets every default", () => {
  const { config } = parseConfig(MINIMAL, "some/folder/run.yaml");
  assertEquals(config.name, "run");
  assertEquals(config.data.batchSize, 128);
  assertEquals(config.data.validation, "test");
  assertEquals(config.model.convolution, "do_conv");
  assertEquals(config.training.optimizer, {
    name: "sgd",
    learningRate: 0.1,
    momentum: 0.9,
    dampening: 0,
    nesterov: false,
    weightDecay: 0,
    decayNormAndBias: true,
  });
  assertEquals(config.training.schedule, { name: "constant" });
});

Deno.test("a config written back as YAML gives the same config again", () => {
  const { config } = parseConfig(
    MINIMAL + "training: {schedule: {name: one_cycle}, clip: {norm: 1}, ema: {}}\n",
    "run.yaml",
  );
  assertEquals(parseConfig(formatConfig(config), "config.yaml").config, config);
});

/** A line to add to a config, and the beginning of its message. */
const MISTAKES: [line: string, message: string][] = [
  ["sede: 1", 'run.yaml:3:1 sede: unknown key; did you mean "seed"?'],
  ["epochs: 1", 'run.yaml:3:1 epochs: unknown key; did you mean "training.epochs"?'],
  ["seed: -1", "run.yaml:3:7 seed: found -1, expected an integer of at least 0"],
  ["seed: 1.5", "run.yaml:3:7 seed: found 1.5, expected an integer of at least 0"],
  [
    "threads: none",
    'run.yaml:3:10 threads: found "none", expected auto or an integer of at least 1',
  ],
  [
    "backend: gpu",
    'run.yaml:3:10 backend: found "gpu", expected one of auto, webgpu, cpu; did you',
  ],
  [
    "name: 7",
    'run.yaml:3:7 name: found 7, expected a text; in quotes it is one: "7"',
  ],
  ["name: a/b", "run.yaml:3:7 name: expected a name fit for a folder"],
  [
    "training: {epochs: ten}",
    'run.yaml:3:20 training.epochs: found "ten", expected an integer of at',
  ],
  [
    "training: {optimizer: {name: sdg, learningRate: 1}}",
    `run.yaml:3:30 training.optimizer.name: found "sdg", expected one of ${names(OPTIMIZERS)}; ` +
    'did you mean "sgd"?',
  ],
  [
    "training: {optimizer: {name: adam, momentum: 0.9}}",
    "run.yaml:3:36 training.optimizer.momentum: unknown key; adam takes learningRate, betas",
  ],
  [
    "training: {optimizer: {name: sgd, learningRate: 1, nesterov: true}}",
    "run.yaml:3:62 training.optimizer.nesterov: Nesterov momentum needs a momentum above 0",
  ],
  [
    "training: {schedule: {name: step}}",
    "run.yaml:3:12 training.schedule.stepSize: missing; expected an integer of at least 1",
  ],
  [
    "training: {schedule: {name: cosine, warmup: {}}}",
    "run.yaml:3:45 training.schedule.warmup: give exactly one of epochs and steps",
  ],
  [
    "training: {freeze: [0]}",
    'run.yaml:3:21 training.freeze.0: found 0, expected a text that is not empty; in quotes it is one: "0"',
  ],
  [
    "checkpoints: {name: loss}",
    "run.yaml:3:15 checkpoints.name: unknown key; valid keys: everySteps, everyMinutes, keepBest",
  ],
  [
    "training: {clip: {nrm: 1}}",
    'run.yaml:3:19 training.clip.nrm: unknown key; did you mean "norm"?',
  ],
  [
    "training: {optimizer: {name: sgd, learningRate: 1, momentum: 1}}",
    "run.yaml:3:62 training.optimizer.momentum: found 1, expected a number of at least 0 and below 1",
  ],
  [
    "training: {optimizer: {name: rmsprop, learningRate: 1, momentum: 1.5}}",
    "run.yaml:3:66 training.optimizer.momentum: found 1.5, expected a number of at least 0 and below",
  ],
  ["output: ~someone/runs", "run.yaml:3:9 output: of ~ only ~/ is looked up"],
  ['output: "runs\\0"', "run.yaml:3:9 output: expected a text without control characters"],
  ['output: "runs\\nx"', "run.yaml:3:9 output: expected a text without control characters"],
  [
    'training: {freeze: ["a\\nx"]}',
    "run.yaml:3:21 training.freeze.0: expected a text without control characters",
  ],
  [
    'training: {monitor: "\\x1b[2J"}',
    "run.yaml:3:21 training.monitor: expected a text without control characters",
  ],
  ["training:", "run.yaml:3:10 training: found nothing (is it indented below its key?), expected"],
];

for (const [line, message] of MISTAKES) {
  Deno.test(`the config line "${line}" is rejected with its place and what was expected`, () => {
    assertEquals(messageOf(MINIMAL + line).slice(0, message.length), message);
  });
}

Deno.test("normalization on the scale of 0 to 255 is rejected", () => {
  const text = "data: {dataset: mnist, normalization: {mean: [33], std: [78]}}\n" +
    "model: {name: do_conv_net}\n";
  assertEquals(messageOf(text).split("\n"), [
    "run.yaml:1:47 data.normalization.mean.0: found 33, expected a fraction of 255, at most 1",
    "run.yaml:1:58 data.normalization.std.0: found 78, expected a fraction of 255, at most 1",
  ]);
});

Deno.test("a wrong option of a list item is reported once", () => {
  const text = "data: {dataset: mnist, augmentation: [{name: random_crop, padding: 4}]}\n" +
    "model: {name: do_conv_net}\n";
  assertEquals(
    messageOf(text, ["data.augmentation.0.padding=0"]),
    "--set data.augmentation.0.padding: found 0, expected an integer of at least 1",
  );
});

Deno.test("all mistakes are reported at once, in the order of the file", () => {
  const message = messageOf(`data:
  dataset: mnst
  validation: {from: train}
  checksums: {a: "sha256:12"}
model:
  convolution: {name: do_conv, depth: 9}
  layers:
    - conv2d: {outChannel: 16, kernelSize: 3}
    - reluu
    - conv2d
    - max_pool2d: {kernelSize: [1, 2, 3]}
`);
  assertEquals(
    message.split("\n").map((line) => line.split(";")[0].slice(0, 90)),
    [
      `run.yaml:2:12 data.dataset: found "mnst", expected one of ${names(DATASETS)}`,
      "run.yaml:3:3 data.validation.count: missing",
      "run.yaml:4:18 data.checksums.a: expected sha256: and 64 hexadecimal digits, md5: and 32, or none",
      "run.yaml:6:32 model.convolution.depth: unknown key",
      "run.yaml:8:16 model.layers.0.conv2d.outChannel: unknown key",
      `run.yaml:9:7 model.layers.1: found "reluu", expected one of ${bareNames(LAYERS).join(", ")}`,
      `run.yaml:10:7 model.layers.2: found "conv2d", expected one of ${
        bareNames(LAYERS).join(", ")
      }`,
      "run.yaml:11:32 model.layers.3.max_pool2d.kernelSize: found a list, expected an integer of at lea",
    ].map((line) => line.slice(0, 90)),
  );
  assertStringIncludes(message, 'did you mean "depthMultiplier"?');
  assertStringIncludes(message, 'did you mean "relu"?');
  assertStringIncludes(message, "conv2d needs options: outChannels, kernelSize");
});

Deno.test("YAML mistakes are reported with line and column", () => {
  assertEquals(messageOf("a: 1\na: 2\n"), "run.yaml:2:1 not valid YAML: Map keys must be unique");
  assertStringIncludes(messageOf("a: [1\nb: 2"), "run.yaml:2:1 not valid YAML");
  assertStringIncludes(messageOf("a: *b"), "run.yaml:1:4 not valid YAML: no anchor &b");
  assertStringIncludes(messageOf(""), "run.yaml:1:1 the file is empty");
  assertStringIncludes(messageOf("- 1"), "run.yaml:1:1 expected a mapping");
});

Deno.test("an error in a value is reported at the wrong part of it", () => {
  const { at } = parseConfig("data: {dataset: mnist}\nmodel: {layers: [relu, tanh]}\n", "run.yaml");
  const wrong = (path?: OptionPath) => () => {
    throw new InputError("does not fit", { at: path });
  };
  const messageAt = (path?: OptionPath) =>
    assertThrows(() => at("model", wrong(path)), InputError).message;
  assertEquals(messageAt(["layers", 1]), "run.yaml:2:24 model.layers.1: does not fit");
  assertEquals(messageAt(["layers"]), "run.yaml:2:17 model.layers: does not fit");
  assertEquals(messageAt(), "run.yaml:2:8 model: does not fit");
  assertThrows(() => at("model", () => JSON.parse("{")), SyntaxError);
  assertEquals(at("model", () => 3), 3);
});

Deno.test("names inherited from Object.prototype are unknown keys", () => {
  assertStringIncludes(
    messageOf(MINIMAL + "__proto__: {seed: 1}"),
    "run.yaml:3:1 __proto__: unknown",
  );
  assertStringIncludes(messageOf(MINIMAL, ["__proto__.seed=1"]), "--set __proto__: unknown key");
  assertStringIncludes(messageOf(MINIMAL + "constructor: 1"), "constructor: unknown key");
});

Deno.test("an unreadable config is an input error with advice", async () => {
  await withFolder(async (folder) => {
    const missing = await assertRejects(() => loadConfig(`${folder}/none.yaml`), InputError);
    assertStringIncludes(missing.message, "no such file; `overfold init");
    await assertRejects(() => loadConfig(folder), InputError, "cannot be read");
    await Deno.writeFile(`${folder}/binary.yaml`, Uint8Array.of(0xff, 0xfe, 0x80));
    await assertRejects(() => loadConfig(`${folder}/binary.yaml`), InputError, "UTF-8");
  });
});

Deno.test("keys that begin with x- may hold anchors", () => {
  const { config } = parseConfig(
    "x-rate: &rate 0.25\nx-set: &set { dataset: cifar10 }\ndata: { <<: *set, batchSize: 8 }\n" +
      "model: {name: do_conv_net}\ntraining: {optimizer: {name: sgd, learningRate: *rate}}\n",
    "run.yaml",
  );
  const { optimizer } = config.training;
  assertEquals(typeof optimizer === "object" && optimizer.learningRate, 0.25);
  assertEquals(Object.keys(config).filter((key) => key.startsWith("x-")), []);
  assertEquals(
    messageOf("x: 1\n" + MINIMAL).split("\n")[0].slice(0, 25),
    "run.yaml:1:1 x: unknown k",
  );
});

Deno.test("mirror and checksums of a stored config are ignored, but not those of an override", () => {
  const data = {
    dataset: "mnist",
    mirror: "http://127.0.0.1/",
    checksums: { "t10k-labels-idx1-ubyte.gz": "none" },
    batchSize: 8,
  };
  const hints: string[] = [];
  const stored = { data, model: { name: "do_conv_net" } };
  const parse = (...set: string[]) =>
    parseStored(stored, "a.safetensors", { set, onHint: (line) => void hints.push(line) }).config
      .data;
  const { mirror, checksums, batchSize } = parse();
  assertEquals([mirror, checksums, batchSize], [undefined, undefined, 8]);
  assertEquals(hints.map((line) => line.split(" ")[3]), ["data.mirror", "data.checksums"]);
  assertEquals(parse("data.mirror=http://localhost/").mirror, "http://localhost/");
  assertEquals(stored.data.mirror, "http://127.0.0.1/", "the stored config is unchanged");
});
