import { assertEquals } from "@std/assert";
import { type FormerKey, moveFormerKeys } from "../../schema/former_keys.ts";

const KEYS: FormerKey[] = [
  {
    path: "model.depth",
    move: ({ value, holder }) => holder.kernel = { name: holder.kernel, depth: value },
    hint: (value) => `now an option of the kernel: write kernel: { depth: ${value} }`,
  },
  {
    path: "model.layers.*.flip",
    isFormer: (value) => typeof value === "boolean",
    move: ({ value, holder, config }) => {
      holder.flip = [value];
      config.flipped = true;
    },
    hint: "now a list",
  },
];

Deno.test("a former key moves to where it is now, and its place and the new form are told", () => {
  const config = { model: { kernel: "plain", depth: 3 } };
  assertEquals(moveFormerKeys(config, KEYS), [
    { path: ["model", "depth"], hint: "now an option of the kernel: write kernel: { depth: 3 }" },
  ]);
  assertEquals<unknown>(config, { model: { kernel: { name: "plain", depth: 3 } } });
  assertEquals(moveFormerKeys(config, KEYS), []);
});

Deno.test("a former form is found in every item of a list, a present one is left alone", () => {
  const config = {
    model: { layers: [{ flip: true }, "relu", { flip: [false] }, { flip: false }] },
  };
  assertEquals(moveFormerKeys(config, KEYS).map(({ path }) => path.join(".")), [
    "model.layers.0.flip",
    "model.layers.3.flip",
  ]);
  assertEquals<unknown>(config, {
    model: { layers: [{ flip: [true] }, "relu", { flip: [false] }, { flip: [false] }] },
    flipped: true,
  });
});

Deno.test("a config of any form can be searched for former keys", () => {
  for (const model of [null, "text", 3, [1], {}, { layers: null }, { layers: [[]] }]) {
    const config = { model };
    assertEquals(moveFormerKeys(config, KEYS), []);
    assertEquals(config, { model });
  }
});
