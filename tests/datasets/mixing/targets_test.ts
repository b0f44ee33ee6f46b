import { assertEquals, assertThrows } from "@std/assert";
import { LABELS, multiHot } from "../../../datasets/image_source.ts";
import { mixedFields, mixTargets, PROBABILITIES } from "../../../datasets/mixing/targets.ts";
import { InputError } from "../../../errors.ts";

const mixture = { partner: (row: number) => 1 - row, shares: [0.75, 0.25], count: 2 };

Deno.test("labels become probabilities, and the label is the class with the larger share", () => {
  const batch = {
    labels: Int32Array.of(2, 0, -1),
    [PROBABILITIES]: new Float32Array(9).fill(7),
  };
  mixTargets(batch, { labels: LABELS }, mixture);
  assertEquals([...batch[PROBABILITIES]], [0.25, 0, 0.75, 0.25, 0, 0.75, 0, 0, 0]);
  assertEquals([...batch.labels], [2, 2, -1]);
});

Deno.test("an image mixed with one of its own class keeps the class", () => {
  const batch = { labels: Int32Array.of(1, 1), [PROBABILITIES]: new Float32Array(4) };
  mixTargets(batch, { labels: LABELS }, mixture);
  assertEquals([...batch[PROBABILITIES]], [0, 1, 0, 1]);
});

Deno.test("multi-label targets are mixed where both are known", () => {
  const targets = Float32Array.of(1, 0, 1, -1, 1, 1);
  mixTargets({ targets }, { targets: multiHot(3) }, mixture);
  assertEquals([...targets], [-1, 0.25, 1, -1, 0.25, 1]);
  const unmixed = Float32Array.of(1, -1);
  mixTargets({ targets: unmixed }, { targets: multiHot(1) }, { ...mixture, shares: [1, 1] });
  assertEquals([...unmixed], [1, -1]);
});

Deno.test("targets that cannot be mixed are rejected", () => {
  assertEquals(mixedFields({ targets: multiHot(3) }, 3), {});
  assertEquals(Object.keys(mixedFields({ labels: LABELS }, 3)), [PROBABILITIES]);
  const mask = { mask: { dtype: "u8", shape: [4, 4], filling: 0 } } as const;
  assertThrows(() => mixedFields(mask, 3), InputError, "mask (u8 [4, 4]) cannot be mixed");
});
