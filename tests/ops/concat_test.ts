import { assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../errors.ts";
import { trace } from "../../graph/trace.ts";
import { channelShuffle } from "../../ops/channel_shuffle.ts";
import { concat, split } from "../../ops/concat.ts";
import { fill } from "../../ops/fill.ts";
import { gradients } from "../../ops/gradients.ts";
import { sum } from "../../ops/sum.ts";
import { testOnEveryBackend } from "../support/backends.ts";
import { compute } from "../support/run.ts";

testOnEveryBackend(
  "channels are concatenated, split and shuffled as whole planes",
  async (backend) => {
    const a = { shape: [2, 1, 1, 2], data: Float32Array.of(1, 2, 7, 8) };
    const b = { shape: [2, 2, 1, 2], data: Float32Array.of(3, 4, 5, 6, 9, 10, 11, 12) };
    const outputs = await compute(backend, { a, b }, ({ a, b }) => {
      const joined = concat([a, b, a]);
      const [first, second] = split(joined, [3, 1]);
      return { joined, first, second, shuffled: channelShuffle(joined, 2) };
    });
    assertEquals([...outputs.joined], [1, 2, 3, 4, 5, 6, 1, 2, 7, 8, 9, 10, 11, 12, 7, 8]);
    assertEquals([...outputs.first], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    assertEquals([...outputs.second], [1, 2, 7, 8]);
    assertEquals([...outputs.shuffled], [1, 2, 5, 6, 3, 4, 1, 2, 7, 8, 11, 12, 9, 10, 7, 8]);
  },
);

testOnEveryBackend("an unused part of a split has zero gradients", async (backend) => {
  const x = { shape: [1, 3, 1, 1], data: Float32Array.of(1, 2, 3) };
  const { dx } = await compute(backend, { x }, ({ x }) => ({
    dx: gradients(sum(split(x, [1, 2])[0]), [x])[0],
  }));
  assertEquals([...dx], [1, 0, 0]);
});

Deno.test("channels that do not fit are refused", () => {
  trace({ name: "refused" }, () => {
    const x = fill([1, 6, 4, 4], 1);
    assertThrows(
      () => concat([x, fill([1, 6, 4, 3], 1)]),
      InputError,
      "operand 2 has shape [1, 6, 4, 3]",
    );
    assertThrows(() => concat([fill([4], 1)]), InputError, "expected [N, C, …]");
    assertThrows(() => split(x, [2, 3]), InputError, "parts of 2, 3 channels");
    assertThrows(() => split(x, [6, 0]), InputError, "sizes is 6x0");
    assertThrows(() => channelShuffle(x, 4), InputError, "into 4 groups");
  });
});
