import { assertEquals } from "@std/assert";
import { describeArchitecture } from "../../cli/architecture.ts";
import type { BuildOptions } from "../../models/registry.ts";

Deno.test("a network is described by its model and its convolutions", () => {
  const described = (options: Partial<BuildOptions>) =>
    describeArchitecture({ name: "resnet18", options: { classes: 2, ...options } });
  assertEquals(described({ convolution: "do_conv" }), "resnet18 with do_conv");
  assertEquals(
    described({ convolution: { name: "do_conv", depthMultiplier: 12 } }),
    "resnet18 with do_conv",
  );
  assertEquals(
    described({ convolution: { name: "acnet", convolution: "conv" } }),
    "resnet18 with acnet",
  );
  assertEquals(
    described({
      convolution: { name: "rep_vgg", convolution: { name: "do_conv", depthMultiplier: 12 } },
      convolutions: [{ names: "conv1", name: "conv" }, { names: "layer1", name: "conv" }],
    }),
    "resnet18 with rep_vgg of do_conv, in part conv",
  );
  assertEquals(described({ convolution: "conv", layers: ["flatten"] }), "resnet18");
  assertEquals(described({}), "resnet18");
});
