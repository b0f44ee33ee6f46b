import { assertEquals, assertThrows } from "@std/assert";
import { referenceBackend } from "../../backends/reference/reference.ts";
import { InputError } from "../../errors.ts";
import { Parameter } from "../../graph/parameter.ts";
import { trace } from "../../graph/trace.ts";
import { BatchNorm2d } from "../../layers/batch_norm2d.ts";
import { Conv2d } from "../../layers/conv2d.ts";
import { Linear } from "../../layers/linear.ts";
import { Sequential } from "../../layers/sequential.ts";
import { BUFFERS, layoutState, packState, PARAMETERS, unpackState } from "../../layers/state.ts";
import { downloadState, uploadState } from "../support/state.ts";

function network(): Sequential {
  const net = new Sequential(
    new Conv2d({ inChannels: 1, outChannels: 3, kernelSize: 1 }),
    new BatchNorm2d(3),
    new Linear(3, 2),
  );
  net.initialize(4);
  return net;
}

Deno.test("weights come before norms and biases, buffers are separate, all are aligned to 16 bytes", () => {
  const layout = layoutState(network());
  const places = layout.ranges.map(({ name, variable, offset }) => `${variable} ${offset} ${name}`);
  assertEquals(places, [
    "parameters 0 0.weight",
    "parameters 4 2.weight",
    "parameters 12 0.bias",
    "parameters 16 1.weight",
    "parameters 20 1.bias",
    "parameters 24 2.bias",
    "buffers 0 1.running_mean",
    "buffers 4 1.running_var",
    "buffers 8 1.num_batches_tracked",
  ]);
  assertEquals(layout.weightSize, 12);
  assertEquals(layout.variables, [
    { name: PARAMETERS, size: 28 },
    { name: BUFFERS, size: 12 },
  ]);
});

Deno.test("a model without buffers has no variable for them", () => {
  assertEquals(layoutState(new Linear(1, 1)).variables, [{ name: PARAMETERS, size: 8 }]);
});

Deno.test("unpacking a packed arena gives the original tensors", () => {
  const net = network();
  const layout = layoutState(net);
  const arena = packState(layout, PARAMETERS, net.stateDict());
  assertEquals(arena.length, 28);
  const unpacked = unpackState(layout, PARAMETERS, arena);
  for (const [name, { shape, data }] of unpacked) {
    assertEquals({ shape, data }, net.stateDict().get(name));
  }
  assertThrows(() => packState(layout, PARAMETERS, new Map()), InputError, "0.weight has no");
});

Deno.test("state is uploaded to a backend and downloaded unchanged", async () => {
  const net = network();
  const before = net.stateDict();
  const layout = layoutState(net);
  const program = trace({ name: "none", variables: layout.variables }, () => {});
  const executable = await referenceBackend().compile([program]);
  uploadState(layout, executable);
  net.initialize(5);
  await downloadState(layout, executable);
  assertEquals(net.stateDict(), before);
});

Deno.test("the error for a parameter outside the model's fields explains the mistake", () => {
  const { bind } = layoutState(network());
  assertThrows(() => bind(new Parameter([1])), InputError, "found by walking");
});
