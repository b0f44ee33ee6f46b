import { assertEquals, assertThrows } from "@std/assert";
import { parseConfig } from "../../config/load.ts";
import { InputError } from "../../errors.ts";
import { configOf, hintsOf, mistakesOf, type Parts } from "../support/former_configs.ts";

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
