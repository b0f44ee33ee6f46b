import { assertEquals, assertThrows } from "@std/assert";
import { parseConfig } from "../../config/load.ts";
import type { Config } from "../../config/schema.ts";
import { InputError } from "../../errors.ts";

interface Parts {
  data?: string;
  model?: string;
  training?: string;
  threads?: string;
}

function textOf(
  { data = "dataset: mnist", model = "name: resnet18", training = "", threads = "auto" }: Parts,
) {
  return `data: { ${data} }\nmodel: { ${model} }\ntraining: { ${training} }\nthreads: ${threads}\n`;
}

function configOf(parts: Parts, ...set: string[]): Config {
  return parseConfig(textOf(parts), "old.yaml", { set }).config;
}

function hintsOf(parts: Parts, ...set: string[]): string[] {
  const hints: string[] = [];
  parseConfig(textOf(parts), "old.yaml", { set, onHint: (line) => hints.push(line) });
  return hints;
}

function mistakesOf(parts: Parts, ...set: string[]): string[] {
  return assertThrows(() => configOf(parts, ...set), InputError).message.split("\n");
}

/** A config in former and present form. */
const FORMS: [string, Parts, Parts][] = [
  [
    "options of the dataset",
    { data: "dataset: synthetic, synthetic: { classes: 4, imageSize: 8 }" },
    { data: "dataset: { name: synthetic, classes: 4, imageSize: 8 }" },
  ],
  [
    "augmentation by key",
    { data: "dataset: mnist, augmentation: { crop: { padding: 2 }, flip: true }" },
    { data: "dataset: mnist, augmentation: [{ name: random_crop, padding: 2 }, horizontal_flip]" },
  ],
  ["no augmentation", { data: "dataset: mnist, augmentation: { flip: false }" }, {
    data: "dataset: mnist, augmentation: []",
  }],
  ["label smoothing", { training: "labelSmoothing: 0.1" }, {
    training: "objective: { name: classification, labelSmoothing: 0.1 }",
  }],
  [
    "options of DO-Conv",
    { model: "name: resnet18, depthMultiplier: 12, pairing: authors" },
    {
      model:
        "name: resnet18, convolution: { name: do_conv, depthMultiplier: 12, pairing: authors }",
    },
  ],
  ["partition among threads", { threads: "{ count: 2, schedule: dynamic }" }, {
    threads: "{ count: 2, partition: dynamic }",
  }],
];

for (const [what, former, present] of FORMS) {
  Deno.test(`a former config is read as the present one: ${what}`, () => {
    assertEquals(configOf(former), configOf(present));
    assertEquals(hintsOf(present), []);
  });
}

/** Overrides of either form, and the config that they give with both forms of the file. */
const OVERRIDES: [string, string[], Parts][] = [
  ["options of the dataset", ["data.synthetic.classes=3"], {
    data: "dataset: { name: synthetic, classes: 3, imageSize: 8 }",
  }],
  ["options of the dataset", ["data.synthetic.classes=null"], {
    data: "dataset: { name: synthetic, imageSize: 8 }",
  }],
  ["options of the dataset", ["data.synthetic={channels: 1}"], {
    data: "dataset: { name: synthetic, channels: 1 }",
  }],
  ["options of the dataset", ["data.synthetic=null", "data.synthetic.classes=5"], {
    data: "dataset: { name: synthetic, classes: 5 }",
  }],
  ["label smoothing", ["training.labelSmoothing=0.2"], {
    training: "objective: { name: classification, labelSmoothing: 0.2 }",
  }],
  ["label smoothing", ["training.objective.labelSmoothing=0.3"], {
    training: "objective: { name: classification, labelSmoothing: 0.3 }",
  }],
  ["label smoothing", ["training.labelSmoothing=0.3", "training.objective.labelSmoothing=0.4"], {
    training: "objective: { name: classification, labelSmoothing: 0.4 }",
  }],
  ["label smoothing", ["training.objective.labelSmoothing=0.3", "training.labelSmoothing=0.4"], {
    training: "objective: { name: classification, labelSmoothing: 0.4 }",
  }],
  ["options of DO-Conv", ["model.depthMultiplier=20"], {
    model: "name: resnet18, convolution: { name: do_conv, depthMultiplier: 20, pairing: authors }",
  }],
  ["options of DO-Conv", ["model.depthMultiplier=null"], {
    model: "name: resnet18, convolution: { name: do_conv, pairing: authors }",
  }],
  ["options of DO-Conv", ["model.convolution.depthMultiplier=null"], {
    model: "name: resnet18, convolution: { name: do_conv, pairing: authors }",
  }],
  ["options of DO-Conv", ["model.pairing=paper"], {
    model: "name: resnet18, convolution: { name: do_conv, depthMultiplier: 12, pairing: paper }",
  }],
  ["options of DO-Conv", ["model.convolution=conv"], {
    model: "name: resnet18, convolution: conv",
  }],
  ["partition among threads", ["threads.schedule=static"], {
    threads: "{ count: 2, partition: static }",
  }],
  ["partition among threads", ["threads.partition=static"], {
    threads: "{ count: 2, partition: static }",
  }],
];

for (const [what, set, expected] of OVERRIDES) {
  Deno.test(`overrides apply to both forms of a config: ${set.join(" ")}`, () => {
    const [, ...forms] = FORMS.find(([name]) => name === what)!;
    for (const form of forms) assertEquals(configOf(form, ...set), configOf(expected));
  });
}

Deno.test("an override that removes a former key restores the default", () => {
  for (const training of ["labelSmoothing: 0.1", "epochs: 10"]) {
    assertEquals(configOf({ training }, "training.labelSmoothing=null"), configOf({}));
  }
  const training = "objective: { name: classification, labelSmoothing: 0.1 }";
  const { objective } = configOf({ training }, "training.labelSmoothing=null").training;
  assertEquals(objective, { name: "classification", labelSmoothing: 0 });
  const data = "dataset: { name: synthetic, classes: 4 }";
  assertEquals(hintsOf({ data }, "data.synthetic.classes=null"), []);
});

Deno.test("overrides can change keys of a former augmentation; a list is replaced as a whole", () => {
  const data = "dataset: mnist, augmentation: { crop: { padding: 2 }, flip: true }";
  const augmentationOf = (...set: string[]) => configOf({ data }, ...set).data.augmentation;
  const crop = { name: "random_crop", padding: 2 } as const;
  assertEquals(augmentationOf("data.augmentation.flip=false"), [crop]);
  assertEquals(augmentationOf("data.augmentation.crop=null"), ["horizontal_flip"]);
  assertEquals(augmentationOf("data.augmentation.crop.padding=3"), [
    { ...crop, padding: 3 },
    "horizontal_flip",
  ]);
  const list = { data: "dataset: mnist, augmentation: [horizontal_flip]" };
  assertEquals(mistakesOf(list, "data.augmentation.crop.padding=3"), [
    '--set data.augmentation.crop.padding: data.augmentation is a list and has no "crop"; expected ' +
    "a number from 0 to 0 or the whole list, as in --set 'data.augmentation=[ horizontal_flip ]'",
  ]);
});

Deno.test("former convolution options follow the final convolution of the model", () => {
  const layer = "outChannels: 4, kernelSize: 3";
  const model = (before: string, own: string) => ({
    model: `${before}layers: [{ convolution: { ${layer}${own} } }, flatten]`,
  });
  assertEquals(
    configOf(model("depthMultiplier: 12, ", ", depthMultiplier: 20"), "model.convolution=conv"),
    configOf(model("convolution: conv, ", "")),
  );
  assertEquals(
    configOf(model("convolution: conv, pairing: authors, ", ""), "model.convolution=do_conv"),
    configOf(model("convolution: { name: do_conv, pairing: authors }, ", "")),
  );
  for (
    const own of [", depthMultiplier: 12", ", convolution: { name: do_conv, depthMultiplier: 12 }"]
  ) {
    assertEquals(
      configOf(model("", own), "model.layers.0.convolution.depthMultiplier=20"),
      configOf(model("", ", convolution: { name: do_conv, depthMultiplier: 20 }")),
    );
  }
});

Deno.test("mistakes in former keys are reported at their place", () => {
  assertEquals(mistakesOf({ training: "epochs: 3, labelSmoothing: 1.5" }), [
    "old.yaml:3:40 training.labelSmoothing: found 1.5, expected a number of at least 0 and below 1",
  ]);
  assertEquals(mistakesOf({ model: "name: resnet18, depthMultiplier: { a: 1 }" }), [
    "old.yaml:2:43 model.depthMultiplier: found a mapping, expected an integer of at least 1",
  ]);
  const plain = "name: resnet18, convolution: conv, depthMultiplier: -3, pairing: foo";
  assertEquals(mistakesOf({ model: plain }), [
    "old.yaml:2:62 model.depthMultiplier: found -3, expected an integer of at least 1",
    'old.yaml:2:75 model.pairing: found "foo", expected one of paper, authors',
  ]);
  assertEquals(mistakesOf({ data: "dataset: synthetic, synthetic: { clases: 4 }" }), [
    'old.yaml:1:42 data.synthetic.clases: unknown key; did you mean "classes"?',
  ]);
  assertEquals(mistakesOf({ data: "dataset: mnist, synthetic: { classes: 4 }" }), [
    "old.yaml:1:36 data.synthetic: only the dataset synthetic has a size to choose; remove it",
  ]);
  assertEquals(mistakesOf({ data: "dataset: mnist, train: [horizontal_flip, cutmix]" }), [
    "old.yaml:1:32 data.train: cutmix is carried out by the training step; write data.mixing: " +
    "{ cutmix: {} }",
  ]);
  const erased = "{name: random_erasing, p: 0.2}";
  assertEquals(mistakesOf({ data: `dataset: mnist, train: [${erased}]` }), [
    "old.yaml:1:32 data.train: random_erasing is carried out by the training step; write " +
    "data.augmentation: [ { name: random_erasing, p: 0.2 } ]",
  ]);
  // For an unknown dataset only the name is reported.
  const unknown = mistakesOf({ data: "dataset: mnits, synthetic: { classes: 4, channels: 1 }" });
  assertEquals(unknown.map((line) => line.split(",")[0]), [
    'old.yaml:1:18 data.dataset: found "mnits"',
  ]);
  assertEquals(mistakesOf({ training: "objective: multi_label, labelSmoothing: 0.1" }), [
    "old.yaml:3:37 training.labelSmoothing: unknown key; multi_label takes threshold, positiveWeight",
  ]);
  for (const set of ["training.labelSmoothing=5", "model.depthMultiplier=abc"]) {
    const key = set.slice(0, set.indexOf("="));
    assertEquals(
      mistakesOf({ training: "labelSmoothing: 0.1" }, set)[0].startsWith(`--set ${key}: `),
      true,
    );
  }
});

Deno.test("a model's error about a former option is reported at that option", () => {
  const layers = "layers: [{ convolution: { outChannels: 4, kernelSize: 3, pairing: paper } }]";
  const { at } = parseConfig(textOf({ model: `depthMultiplier: 4, ${layers}` }), "old.yaml");
  const tooSmall = () => {
    const path = ["layers", 0, "convolution", "convolution", "depthMultiplier"];
    throw new InputError("too small", { at: path });
  };
  assertEquals(
    assertThrows(() => at("model", tooSmall), InputError).message,
    "old.yaml:2:27 model.depthMultiplier: too small",
  );
});

Deno.test("a former augmentation is checked as strictly as a list", () => {
  const of = (augmentation: string) =>
    mistakesOf({ data: `dataset: mnist, augmentation: ${augmentation}` });
  assertEquals(of("{ flip: 'no' }"), [
    'old.yaml:1:47 data.augmentation.flip: found "no", expected true or false',
  ]);
  assertEquals(of("{ crop: { padding: 0 }, flp: true }"), [
    "old.yaml:1:58 data.augmentation.crop.padding: found 0, expected an integer of at least 1",
    'old.yaml:1:63 data.augmentation.flp: unknown key; did you mean "flip"?',
  ]);
  assertEquals(of("{ crp: { padding: 4 } }"), [
    "old.yaml:1:39 data.augmentation: found a mapping, expected one of none, light, standard, strong or a list",
  ]);
  assertEquals(of("{ name: random_crop, padding: 4 }"), [
    "old.yaml:1:39 data.augmentation: expected a list; write augmentation: " +
    "[ { name: random_crop, padding: 4 } ]",
  ]);
});

Deno.test("hints give the present form of former keys, or say that a key has no effect", () => {
  assertEquals(hintsOf(FORMS[0][1]), [
    "old.yaml:1:29 data.synthetic: instead of synthetic write dataset: " +
    "{ name: synthetic, classes: 4, imageSize: 8 }",
  ]);
  assertEquals(hintsOf(FORMS[1][1]), [
    "old.yaml:1:25 data.augmentation: write augmentation: " +
    "[ { name: random_crop, padding: 2 }, horizontal_flip ]",
  ]);
  assertEquals(hintsOf({ training: "labelSmoothing: 0.1" }, "training.labelSmoothing=0.2"), [
    "--set training.labelSmoothing: instead of labelSmoothing write objective: " +
    "{ name: classification, labelSmoothing: 0.2 }",
  ]);
  assertEquals(hintsOf({ threads: "{ count: 2, schedule: dynamic }" }), [
    "old.yaml:4:22 threads.schedule: instead of schedule write partition: dynamic",
  ]);
  const layer = "outChannels: 4, kernelSize: 3";
  const layers =
    `layers: [{ convolution: { ${layer}, pairing: paper } }, { do_conv2d: { ${layer} } }]`;
  assertEquals(hintsOf({ model: `depthMultiplier: 12, pairing: authors, ${layers}` }), [
    "old.yaml:2:10 model.depthMultiplier: instead of depthMultiplier and pairing write convolution: " +
    "{ name: do_conv, depthMultiplier: 12, pairing: authors }",
    "old.yaml:2:10 model.depthMultiplier: instead of depthMultiplier and pairing write " +
    `layers.1.do_conv2d: { ${layer}, depthMultiplier: 12, pairing: authors }`,
    "old.yaml:2:106 model.layers.0.convolution.pairing: instead of pairing write convolution: " +
    "{ name: do_conv, pairing: paper, depthMultiplier: 12 }",
  ]);
  assertEquals(hintsOf({ model: "name: resnet18, convolution: conv, depthMultiplier: 12" }), [
    "old.yaml:2:45 model.depthMultiplier: has no effect here; remove it",
  ]);
  const misspelled = textOf({ model: "name: resnet18, convolution: do_cnv, depthMultiplier: 12" });
  const hints: string[] = [];
  const read = () => parseConfig(misspelled, "old.yaml", { onHint: (line) => hints.push(line) });
  assertThrows(read, InputError, "model.convolution");
  assertEquals(hints, []);
});

Deno.test("layers that share options by an alias can be overridden separately", () => {
  const options = "{ outChannels: 4, kernelSize: 3, depthMultiplier: 12 }";
  const model = `layers: [{ convolution: &same ${options} }, { convolution: *same }]`;
  const set = "model.layers.1.convolution.depthMultiplier=20";
  const own = (depthMultiplier: number) => ({
    convolution: {
      outChannels: 4,
      kernelSize: 3,
      convolution: { name: "do_conv", depthMultiplier, pairing: "paper" },
    },
  });
  assertEquals<unknown>(configOf({ model }, set).model.layers, [own(12), own(20)]);
});

Deno.test("values of any type can stand where former keys are looked for", () => {
  for (const part of ["null", "text", "3", "[1]", "{}", "{ layers: null }", "{ layers: [[]] }"]) {
    for (const key of ["data", "model", "training"]) {
      const text = `${key}: ${part}\n`;
      assertThrows(() => parseConfig(text, "old.yaml"), InputError);
    }
  }
});
