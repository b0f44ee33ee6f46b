import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { formatConfig, loadConfig, parseConfig, parseStored } from "../../config/load.ts";
import { DATASETS } from "../../datasets/registry.ts";
import { InputError, type OptionPath } from "../../errors.ts";
import { CONVOLUTIONS } from "../../layers/convolutions.ts";
import { LAYERS } from "../../layers/registry.ts";
import { bareNames, type Registry } from "../../schema/entry.ts";
import { OPTIMIZERS } from "../../training/optimizers/registry.ts";

/** The names of a registry as a mistake lists them. */
const names = (registry: Registry) => Object.keys(registry).join(", ");

const MINIMAL = "data: {dataset: mnist}\nmodel: {name: do_conv_net}\n";

function messageOf(text: string, set: string[] = []): string {
  return assertThrows(() => parseConfig(text, "run.yaml", { set }), InputError).message;
}

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

/** Line to put into a config, and the whole line of the message it gives. */
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
  Deno.test(`the config line "${line}" is answered with its place and what was expected`, () => {
    assertEquals(messageOf(MINIMAL + line).slice(0, message.length), message);
  });
}

Deno.test("statistics of pixels of 0 to 255 are no fractions", () => {
  const text = "data: {dataset: mnist, normalization: {mean: [33], std: [78]}}\n" +
    "model: {name: do_conv_net}\n";
  assertEquals(messageOf(text).split("\n"), [
    "run.yaml:1:47 data.normalization.mean.0: found 33, expected a fraction of 255, at most 1",
    "run.yaml:1:58 data.normalization.std.0: found 78, expected a fraction of 255, at most 1",
  ]);
});

Deno.test("a wrong option of an item of a list is told once", () => {
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

Deno.test("a model is either a name or a list of layers", () => {
  const both = "data: {dataset: mnist}\nmodel: {name: do_conv_net, layers: [relu]}";
  assertEquals(messageOf(both), "run.yaml:2:36 model.layers: give exactly one of name and layers");
  const neither = "data: {dataset: mnist}\nmodel: {convolution: conv}";
  assertEquals(messageOf(neither), "run.yaml:2:8 model: give exactly one of name and layers");
  const unlisted = "data: {dataset: mnist}\nmodel: {name: layers}";
  assertEquals(
    messageOf(unlisted),
    "run.yaml:2:1 model.layers: missing; expected a list of layers",
  );
  const wrong = "data: {dataset: mnist}\nmodel: {name: cifar_resnet20_v3}";
  assertStringIncludes(messageOf(wrong), 'did you mean "cifar_resnet20_v1"?');
  const alone = "data: {dataset: mnist}\nmodel: resnet18";
  assertEquals(messageOf(alone).split(";")[1], " write { name: resnet18 }");
  for (const [value, found] of [["[]", "an empty list"], ["{}", "a mapping"], ["5", "5"]]) {
    assertEquals(
      messageOf(`data: {dataset: mnist}\nmodel: {layers: ${value}}`),
      `run.yaml:2:17 model.layers: found ${found}, expected a list that is not empty`,
    );
  }
});

Deno.test("keys of pretrained weights need them", () => {
  const parse = (keys: string) =>
    parseConfig(`data: {dataset: mnist}\nmodel: {name: resnet18, ${keys}}`, "run.yaml").config;
  const keys = "prefix: net., ignore: [aux], mirror: 'https://example.org'";
  const { pretrained, ...others } = parse(`pretrained: torchvision/resnet18, ${keys}`).model;
  assertEquals(pretrained, "torchvision/resnet18");
  assertEquals([others.prefix, others.ignore, others.mirror], [
    ...["net.", ["aux"], "https://example.org"],
  ]);
  const { message } = assertThrows(() => parse(keys), InputError);
  const places = message.split("\n").map((line) =>
    /model\.(\w+): without model.pretrained/.exec(line)?.[1]
  );
  assertEquals(places, ["prefix", "ignore", "mirror"]);
});

Deno.test("a model's mistakes are all told, whatever is wrong with its form", () => {
  const found = (model: string) =>
    messageOf(`data: {dataset: mnist}\nmodel: ${model}`).split("\n")
      .map((line) => line.replace(/^run.yaml:\d+:\d+ model\.?/, "").replace(/, expected.*;/, ";"));
  assertEquals(
    found("{name: resnt18, convolution: do_cnv, pretraind: x, replaceClassifier: 3}"),
    [
      'name: found "resnt18"; did you mean "resnet18"?',
      'convolution: found "do_cnv"; did you mean "do_conv"?',
      'pretraind: unknown key; did you mean "pretrained"?',
      "replaceClassifier: found 3, expected true or false",
    ],
  );
  assertEquals(found("{nme: resnet18, options: {width: 3, hight: 3}}"), [
    'nme: unknown key; did you mean "name"?',
    "options.hight: unknown key; valid keys: width, zeroInitResidual",
  ]);
  assertEquals(found("{name: resnet18, layers: [{linear: {}}, relu7]}"), [
    "layers: give exactly one of name and layers",
    "layers.0.linear.outFeatures: missing; expected an integer of at least 1",
    'layers.1: found "relu7"; did you mean "relu"?',
  ]);
});

Deno.test("options of a model are those that the named one has", () => {
  const text = (model: string) => `data: {dataset: mnist}\nmodel: {${model}}`;
  const { config } = parseConfig(text("name: cifar_resnet20_v1, options: {stemReLU: true}"), "x");
  assertEquals(config.model.options, { width: 16, stemReLU: true });
  assertEquals(
    messageOf(text("name: cifar_resnet20_v1, options: {groups: 2}")),
    "run.yaml:2:44 model.options.groups: unknown key; valid keys: width, stemReLU",
  );
  assertEquals(
    messageOf(text("layers: [relu], options: {width: 2}")),
    "run.yaml:2:34 model.options: a list of layers has no options; remove them",
  );
});

Deno.test("kinds of convolution are names or mappings, and keep their form", () => {
  const text = (model: string) => `data: {dataset: mnist}\nmodel: {name: resnet18, ${model}}`;
  const { config: { model } } = parseConfig(
    text(
      "convolution: {name: do_conv, depthMultiplier: 50}, convolutions: [{names: fc, name: conv}]",
    ),
    "x",
  );
  assertEquals(model.convolution, { name: "do_conv", depthMultiplier: 50, pairing: "paper" });
  assertEquals(model.convolutions, [{ names: "fc", name: "conv" }]);
  assertEquals(
    messageOf(text("convolution: doconv")),
    `run.yaml:2:38 model.convolution: found "doconv", expected one of ${
      names(CONVOLUTIONS)
    } or a ` +
      'mapping with such a name; did you mean "do_conv"?',
  );
  assertEquals(
    messageOf("data: {dataset: mnist}\nmodel: {layers: [relu], convolution: doconv}"),
    `run.yaml:2:38 model.convolution: found "doconv", expected one of ${
      names(CONVOLUTIONS)
    } or a ` +
      'mapping with such a name; did you mean "do_conv"?',
  );
  assertEquals(
    messageOf(text("convolutions: [{names: fc, nam: conv}]")),
    'run.yaml:2:52 model.convolutions.0.nam: unknown key; did you mean "name"?',
  );
  assertEquals(
    messageOf(text("convolutions: [{names: fc, name: conv, pairing: paper}]")),
    "run.yaml:2:64 model.convolutions.0.pairing: unknown key; did you mean " +
      '"model.convolution.pairing"?',
  );
});

Deno.test("YAML mistakes are reported with line and column", () => {
  assertEquals(messageOf("a: 1\na: 2\n"), "run.yaml:2:1 not valid YAML: Map keys must be unique");
  assertStringIncludes(messageOf("a: [1\nb: 2"), "run.yaml:2:1 not valid YAML");
  assertStringIncludes(messageOf("a: *b"), "run.yaml:1:4 not valid YAML: no anchor &b");
  assertStringIncludes(messageOf(""), "run.yaml:1:1 the file is empty");
  assertStringIncludes(messageOf("- 1"), "run.yaml:1:1 expected a mapping");
});

Deno.test("overrides are YAML values at dotted paths; null removes", () => {
  const { config } = parseConfig(MINIMAL, "run.yaml", {
    set: [
      "training.epochs=3",
      "training.optimizer={name: adam, betas: [0.8, 0.9]}",
      "data.validation.from=train",
      "data.validation.count=100",
      "model.name=null",
      "model.layers=[flatten, {linear: {outFeatures: 10}}]",
      "model.layers.1.linear.bias=false",
    ],
  });
  assertEquals(config.training.epochs, 3);
  const { optimizer } = config.training;
  assertEquals(typeof optimizer === "object" && optimizer.learningRate, 0.001);
  assertEquals(config.data.validation, { from: "train", count: 100 });
  assertEquals(config.model.layers, ["flatten", { linear: { outFeatures: 10, bias: false } }]);
});

Deno.test("an override of an option of a choice keeps the name, or takes the default one", () => {
  const { training, model } = parseConfig(MINIMAL, "run.yaml", {
    set: ["training.objective.labelSmoothing=0.1", "model.convolution.pairing=authors"],
  }).config;
  assertEquals(training.objective, { name: "classification", labelSmoothing: 0.1 });
  assertEquals(model.convolution, { name: "do_conv", pairing: "authors" });
  const optimizerOf = (...set: string[]) => {
    const { optimizer } = parseConfig(MINIMAL, "run.yaml", { set }).config.training;
    return typeof optimizer === "string" ? { name: optimizer } : optimizer;
  };
  const standard = optimizerOf();
  const rate = "training.optimizer.learningRate=0.5";
  assertEquals(optimizerOf(rate), { ...standard, learningRate: 0.5 } as typeof standard);
  assertEquals(optimizerOf(rate, "training.optimizer.name=adam").name, "adam");
  assertEquals(
    messageOf("model: {name: do_conv_net}", ["data.dataset.classes=3"]).split(";")[0],
    "--set data.dataset.name: missing",
  );
});

Deno.test("mistakes of overrides cite the override", () => {
  assertEquals(
    messageOf(MINIMAL, ["training.epoch=3", "fold=3", "trainin.x=1", "dat.x=null"]).split("\n"),
    [
      '--set training.epoch: unknown key; did you mean "epochs"?',
      "--set fold: found 3, expected true or false",
      '--set trainin: unknown key; did you mean "training"?',
      '--set dat: unknown key; did you mean "data"?',
    ],
  );
  assertStringIncludes(messageOf(MINIMAL, ["seed"]), "--set seed: expected key=value");
  assertStringIncludes(messageOf(MINIMAL, ["seed=[1"]), "--set seed: not valid YAML");
  const list = ["model.name=null", "model.layers=[relu]", "model.layers.x=relu"];
  assertStringIncludes(messageOf(MINIMAL, list), 'model.layers is a list and has no "x"');
});

Deno.test("an error in a key's value is told at the part of it that is wrong", () => {
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

Deno.test("what an object inherits is no part of a config", () => {
  assertStringIncludes(
    messageOf(MINIMAL + "__proto__: {seed: 1}"),
    "run.yaml:3:1 __proto__: unknown",
  );
  assertStringIncludes(messageOf(MINIMAL, ["__proto__.seed=1"]), "--set __proto__: unknown key");
  assertStringIncludes(messageOf(MINIMAL + "constructor: 1"), "constructor: unknown key");
});

Deno.test("a config that cannot be read is an input error that says what to do", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const missing = await assertRejects(() => loadConfig(`${folder}/none.yaml`), InputError);
    assertStringIncludes(missing.message, "no such file; `overfold init");
    await assertRejects(() => loadConfig(folder), InputError, "cannot be read");
    await Deno.writeFile(`${folder}/binary.yaml`, Uint8Array.of(0xff, 0xfe, 0x80));
    await assertRejects(() => loadConfig(`${folder}/binary.yaml`), InputError, "UTF-8");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a text too large, too deep or with too many aliases is refused", async () => {
  const list = (item: string, count: number) => `[${Array(count).fill(item).join(",")}]`;
  const laughs = ["a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1]"];
  for (let i = 1; i < 12; i++) {
    laughs.push(`l${i}: &${"abcdefghijkl"[i]} ${list("*" + "abcdefghijkl"[i - 1], 9)}`);
  }
  const texts: [text: string, message: string][] = [
    ["a: &a 1\nb: " + list("*a", 25_000), "run.yaml:2:59999 holds more than 20,000 values"],
    [laughs.join("\n"), "run.yaml:5:12 holds more than 20,000 values"],
    ["a: &a " + list("1", 5000) + "\nb: " + list("*a", 9), "run.yaml:2:11 holds more than 20,000"],
    ["a: &a {b: {<<: *a}}", "run.yaml:1:16 holds more than 20,000"],
    ["a: {<<: 1}", "run.yaml:1:1 not valid YAML: Merge sources must be"],
    ["a: &a [*a]", "run.yaml:1:8 holds more than 20,000"],
    ["a: " + "[".repeat(300) + "]".repeat(300), "lie in each other"],
    ["a: " + "[".repeat(5000), "nested too deep"],
    ["#".repeat(300_000), "more than 256.0 KiB"],
    [`? "${"k".repeat(200_000)}"\n: 1`, "unknown key"],
    [`data: {dataset: ${"k".repeat(200_000)}}`, 'found "kkk'],
    ["model: {layers: " + list("x", 19_000) + "}", "model.layers.0"],
    [Array.from({ length: 15_000 }, (_, i) => `k${i}: 1`).join("\n"), "k1: unknown key"],
  ];
  for (const [text, message] of texts) {
    const found = messageOf(text);
    assertStringIncludes(found, message);
    assertEquals(found.split("\n").length <= 51, true, "what nobody reads is left out");
  }
  for (const config of [{ data: nested(100) }, { data: Array(20_001).fill(0) }]) {
    assertThrows(() => parseStored(config, "a.safetensors"), InputError, "a.safetensors: ");
  }
  if (Deno.build.os === "linux") await assertRejects(() => loadConfig("/dev/zero"));
});

function nested(depth: number): unknown {
  return depth === 0 ? 1 : [nested(depth - 1)];
}

Deno.test("a large network's config is read, from a file and from a checkpoint", () => {
  const layers = "    - conv2d: { outChannels: 16, kernelSize: 3, padding: 1, bias: false }\n" +
    "    - batch_norm2d\n    - relu\n";
  const { config } = parseConfig(
    `data: {dataset: mnist}\nmodel:\n  layers:\n${layers.repeat(1000)}`,
    "run.yaml",
  );
  assertEquals(parseStored(config, "a.safetensors").config, config);
});

Deno.test("an anchor may have as many aliases as a config may have values", () => {
  const layers = [...Array(105).fill("*conv"), "flatten", "{ linear: { outFeatures: 10 } }"];
  const text = "x-conv: &conv { conv2d: { outChannels: 8, kernelSize: 3, padding: 1 } }\n" +
    `data: {dataset: mnist}\nmodel: {layers: [${layers.join(", ")}]}\n`;
  assertEquals(parseConfig(text, "run.yaml").config.model.layers?.length, 107);
  const items = `[&a flatten, ${Array(150).fill("*a").join(", ")}]`;
  const { config } = parseConfig(text, "run.yaml", { set: [`model.layers=${items}`] });
  assertEquals(config.model.layers?.length, 151);
  assertStringIncludes(
    messageOf(text, ["seed=*none"]),
    "--set seed: not valid YAML: no anchor &none",
  );
});

Deno.test("keys that begin with x- are a place for anchors", () => {
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

Deno.test("a config that came with a network does not say what is fetched; an override does", () => {
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
  assertEquals(stored.data.mirror, "http://127.0.0.1/", "what was stored is as it was");
});
