/** What `--set` changes in a config, and how its mistakes are reported. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { parseConfig } from "../../config/load.ts";
import { messageOf, MINIMAL } from "../support/config_messages.ts";

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

Deno.test("overriding an option of a choice keeps its name, or the default one", () => {
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

Deno.test("mistakes in overrides are reported at the override", () => {
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
