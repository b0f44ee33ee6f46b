import { assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../errors.ts";
import { input, trace } from "../../graph/trace.ts";
import { channelScale } from "../../ops/channel_scale.ts";
import { gate } from "../../ops/gate.ts";
import { rowScale } from "../../ops/row_scale.ts";
import { testOnEveryBackend } from "../support/backends.ts";
import { compute } from "../support/run.ts";

const tensor = (shape: number[], ...values: number[]) => ({
  shape,
  data: Float32Array.from(values),
});

testOnEveryBackend("images are scaled by channel, by image and by both", async (backend) => {
  const inputs = {
    x: tensor([2, 2, 1, 2], 1, 2, 3, 4, 5, 6, 7, 8),
    rows: tensor([2, 2], 1, 2, 3, 4),
    both: tensor([2, 2, 1, 1], 1, 10, 100, 1000),
    two: tensor([2], 1, 10),
  };
  const outputs = await compute(backend, inputs, ({ x, rows, both, two }) => ({
    both: gate(x, both),
    channel: channelScale(x, two),
    image: rowScale(x, two),
    row: rowScale(rows, two),
  }));
  assertEquals([...outputs.both], [1, 2, 30, 40, 500, 600, 7000, 8000]);
  assertEquals([...outputs.channel], [1, 2, 30, 40, 5, 6, 70, 80]);
  assertEquals([...outputs.image], [1, 2, 3, 4, 50, 60, 70, 80]);
  assertEquals([...outputs.row], [1, 2, 30, 40]);
});

Deno.test("factors that do not fit are refused with both shapes", () => {
  trace({ name: "refused" }, () => {
    const x = input("x", [2, 3, 4, 4]);
    const refusals: [() => unknown, string][] = [
      [() => gate(x, input("g", [2, 3])), "gates has shape [2, 3]; expected [2, 3, 1, 1]"],
      [() => gate(input("f", [2, 3]), x), "input has shape [2, 3]"],
      [() => channelScale(x, input("w", [4])), "weight has shape [4]"],
      [() => rowScale(x, input("r", [3])), "[3]"],
    ];
    for (const [apply, message] of refusals) assertThrows(apply, InputError, message);
  });
});
