/** `reparameterized`: a kind of convolution in training, and the convolution that it folds to. */
import { assertEquals } from "@std/assert";
import { z } from "zod";
import { input, output, toValue, trace } from "../../../graph/trace.ts";
import type { Value } from "../../../graph/types.ts";
import { BatchNorm2d } from "../../../layers/batch_norm2d.ts";
import { convolutionFactory } from "../../../layers/convolutions.ts";
import { Module, type StateTensor } from "../../../layers/module.ts";
import { SqueezeExcitation } from "../../../layers/squeeze_excitation.ts";
import { layoutState } from "../../../layers/state.ts";
import { foldForInference } from "../../../ops/fold_for_inference.ts";
import { vectorJacobianProduct } from "../../../ops/gradients.ts";
import { compareGroup } from "../model_case.ts";
import { narrow } from "../run.ts";
import { downloadState, uploadState } from "../state.ts";
import { convolutionOptions, convolutionSchema, type Kind, LAYER_TOLERANCE } from "./kind.ts";

const step = z.object({ op: z.string(), name: z.string().optional(), D_mul: z.int().nullish() });

const schema = convolutionSchema.extend({
  method: z.string(),
  bias: z.boolean().default(false),
  branches: z.array(z.array(step)),
  after: z.array(
    step.extend({ channels: z.int(), squeeze_channels: z.int().optional() }),
  ),
  copies: z.int().optional(),
  rate: z.int().optional(),
  border: z.enum(["running", "batch", "input"]).optional(),
  internal_channels: z.int().optional(),
});

type Config = z.infer<typeof schema>;

/** The kind as in a config. */
function specOf({ method, branches, ...config }: Config): { readonly name: string } {
  const [[{ op, D_mul }]] = branches;
  const doConv = {
    name: "do_conv",
    pairing: "authors",
    ...(D_mul ? { depthMultiplier: D_mul } : {}),
  };
  const nested = op === "do_conv2d" ? { convolution: doConv } : {};
  const internal = { internalChannels: config.internal_channels };
  const specs: Readonly<Record<string, { readonly name: string }>> = {
    acnet: { name: "acnet" },
    dbb: { name: "dbb", border: config.border, ...internal } as { readonly name: string },
    do_conv_se: doConv,
    expandnet: { name: "expand_net", rate: config.rate } as { readonly name: string },
    mobileone: { name: "mobile_one", copies: config.copies } as { readonly name: string },
    orepa: { name: "orepa", ...internal } as { readonly name: string },
    repconv: { name: "rep_conv" },
    repvgg: { name: "rep_vgg", ...nested } as { readonly name: string },
  };
  return specs[method];
}

/** A branch's name in the fixtures. */
function nameInFile(name: string): string {
  const names: Readonly<Record<string, string>> = {
    conv1: "chain.0",
    conv2: "chain.1",
    conv3: "chain.2",
    conv_kxk: "dense",
    conv_1x1: "pointwise",
    conv_scale: "scale",
    identity: "identity.bn",
  };
  return names[name] ?? name.replace(/^conv_kxk(?=\.\d)/, "convs");
}

/** The convolution and the layers after it; in the file its tensors may have no prefix. */
class Block extends Module {
  readonly conv: Module;
  readonly bn?: BatchNorm2d;
  readonly se?: SqueezeExcitation;

  constructor(config: Config) {
    super();
    this.conv = convolutionFactory(specOf(config))(convolutionOptions(config));
    for (const { op, channels, squeeze_channels: squeezed } of config.after) {
      if (op === "batch_norm") this.bn = new BatchNorm2d(channels);
      else this.se = new SqueezeExcitation({ inputChannels: channels, squeezeChannels: squeezed! });
    }
  }

  override *members(): ReturnType<Module["members"]> {
    if (this.bn && this.se) yield ["conv", this.conv];
    else for (const [name, member] of this.conv.members()) yield [nameInFile(name), member];
    if (this.bn) yield ["bn", this.bn];
    if (this.se) yield ["se", this.se];
  }

  forward(input: Value): Value {
    const y = this.conv.call(input);
    return [this.bn, this.se].reduce((y, layer) => layer ? layer.call(y) : y, y);
  }
}

export const reparameterized: Kind = {
  tolerance: LAYER_TOLERANCE,
  async check(fixture, backend) {
    const block = new Block(fixture.config(schema));
    const parameters = block.namedParameters();
    const state = new Map<string, StateTensor>();
    for (const name of parameters.keys()) state.set(name, fixture.input(`initial/${name}`));
    block.loadStateDict(state);
    const { shape, data } = fixture.input("x");
    const x = narrow(data), dy = narrow(fixture.input("dy").data);
    const layout = layoutState(block);
    const { variables, bind } = layout;
    const evaluate = trace({ name: "evaluate", variables, bind }, () => {
      output("y", block.call(input("x", shape)));
    });
    const trained = [...parameters].filter(([, { trainable }]) => trainable);
    const train = trace({ name: "train", training: true, variables, bind }, () => {
      const x = input("x", shape);
      const y = block.call(x);
      const leaves = trained.map(([, parameter]) => toValue(parameter));
      const [dx, ...gradients] = vectorJacobianProduct([y], [input("dy", y.shape)], [x, ...leaves]);
      output("y", y);
      output("dx", dx);
      gradients.forEach((gradient, i) => output(trained[i][0], gradient));
    });
    const evaluated = () =>
      trace({ name: "folded" }, () => output("y", block.call(input("x", shape))));
    const folded = foldForInference(evaluated(), { batchNorm: true });
    if (fixture.has("composed")) {
      const [composed] = foldForInference(evaluated()).nodes.filter(({ op }) =>
        op.name === "conv2d"
      );
      fixture.compare("composed", composed.inputs[1].node.attributes.data);
    }
    const executable = await backend.compile([evaluate, train, folded]);
    try {
      uploadState(layout, executable);
      fixture.compare("y_eval", (await executable.run("evaluate", { x })).y);
      fixture.compare("y_eval", (await executable.run("folded", { x })).y);
      const { y, dx, ...gradients } = await executable.run("train", { x, dy });
      fixture.compare("y_train", y);
      fixture.compare("dx", dx);
      for (const [name, gradient] of Object.entries(gradients)) {
        if (fixture.has(`grad/${name}`)) fixture.compare(`grad/${name}`, gradient);
      }
      await downloadState(layout, executable);
      compareGroup(
        fixture,
        "buffers_after_train",
        new Map([...parameters].filter(([, { trainable }]) => !trainable)),
      );
    } finally {
      executable.dispose();
    }
    const [convolution, ...others] = folded.nodes.filter(({ op }) => op.name === "conv2d");
    assertEquals(others.length, block.se ? 2 : 0);
    const [, weight, bias] = convolution.inputs;
    fixture.compare("folded/weight", weight.node.attributes.data);
    if (fixture.has("folded/bias")) {
      fixture.compare(
        "folded/bias",
        bias?.node.attributes.data ?? new Array(weight.shape[0]).fill(0),
      );
    }
  },
};
