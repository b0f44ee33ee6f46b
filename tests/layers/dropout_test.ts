import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../errors.ts";
import {
  Dropout,
  Dropout2d,
  DROPOUT_STEP,
  type RandomDrop,
  StochasticDepth,
} from "../../layers/dropout.ts";
import { Sequential } from "../../layers/sequential.ts";
import { runModule } from "../support/run_module.ts";

const SHAPE = [20, 100];
const ones = new Float32Array(2000).fill(1);

function train(module: Sequential, step: number): Promise<Float32Array> {
  const inputs = { [DROPOUT_STEP]: Int32Array.of(step) };
  return runModule(module, SHAPE, { x: ones, training: true, inputs });
}

Deno.test("training drops elements and scales the others, differently each step", async () => {
  const layer = new Sequential(new Dropout({ p: 0.2 }));
  const y = await train(layer, 1);
  assertEquals([...new Set(y)].sort(), [0, 1.25]);
  assertAlmostEquals(y.filter((value) => value === 0).length / y.length, 0.2, 0.03);
  assertEquals(await train(layer, 1), y);
  assertEquals((await train(layer, 2)).some((value, i) => value !== y[i]), true);
});

Deno.test("two dropouts in a model drop different elements", async () => {
  const y = await train(new Sequential(new Dropout(), new Dropout()), 1);
  assertAlmostEquals(y.filter((value) => value === 0).length / y.length, 0.75, 0.04);
});

Deno.test("a dropout called twice drops different elements", async () => {
  const layer = new Dropout();
  const y = await train(new Sequential(layer, layer), 1);
  assertAlmostEquals(y.filter((value) => value === 0).length / y.length, 0.75, 0.04);
});

Deno.test("dropout2d drops whole channels, stochastic depth whole images", async () => {
  const [images, channels, pixels] = [8, 25, 10];
  const inputs = { [DROPOUT_STEP]: Int32Array.of(1) };
  const run = (layer: RandomDrop) =>
    runModule(new Sequential(layer), [images, channels, 5, 2], { x: ones, training: true, inputs });
  const cases: [RandomDrop, number][] = [
    [new Dropout2d({ p: 0.2 }), pixels],
    [new StochasticDepth({ p: 0.2 }), channels * pixels],
  ];
  for (const [layer, size] of cases) {
    const y = await run(layer);
    const parts = Array.from(
      { length: y.length / size },
      (_, i) => y.slice(i * size, (i + 1) * size),
    );
    assertEquals([...new Set(parts.flatMap((part) => [...new Set(part)]))].sort(), [0, 1.25]);
    parts.forEach((part) => assertEquals(new Set(part).size, 1));
  }
});

Deno.test("stochastic depth drops rows of features", async () => {
  const y = await train(new Sequential(new StochasticDepth()), 1);
  const rows = Array.from({ length: SHAPE[0] }, (_, i) => new Set(y.slice(100 * i, 100 * i + 100)));
  assertEquals(rows.every((row) => row.size === 1), true);
  assertEquals(new Set(y).size, 2);
});

Deno.test("inference passes everything through and needs no step", async () => {
  assertEquals(await runModule(new Sequential(new Dropout()), SHAPE, { x: ones }), ones);
});

Deno.test("a probability outside [0, 1) is refused", () => {
  for (const p of [-0.1, 1, NaN]) assertThrows(() => new Dropout({ p }), InputError, "p is");
});
