/** `mixup` and `cutmix`: images of a batch mixed with others. */
import { z } from "zod";
import { mix } from "../../../ops/mix.ts";
import type { Fixture } from "../fixture.ts";
import { compute } from "../run.ts";
import { type Kind, LAYER_TOLERANCE } from "./kind.ts";
import type { Backend } from "../../../backends/backend.ts";
import { boxOf } from "../../../datasets/mixing/draw.ts";

const cutmixSchema = z.object({
  lambda_drawn: z.number(),
  center: z.tuple([z.int(), z.int()]),
  lambda: z.number(),
});

export const mixup: Kind = {
  tolerance: LAYER_TOLERANCE,
  async check(fixture, backend) {
    const [batch] = fixture.input("x").shape;
    const lambda = fixture.input("lambda").data;
    const shares = Float32Array.from({ length: batch }, (_, n) => lambda[n % lambda.length]);
    await compareMixed(fixture, backend, [0, 0, 0, 0], shares);
  },
};

export const cutmix: Kind = {
  tolerance: LAYER_TOLERANCE,
  async check(fixture, backend) {
    const { lambda_drawn, center: [y, x], lambda } = fixture.config(cutmixSchema);
    const [batch, , height, width] = fixture.input("x").shape;
    const { box, share } = boxOf({ height, width }, lambda_drawn, { y, x });
    if (Math.abs(share - lambda) > 1e-12) throw new Error(`lambda is ${share}, not ${lambda}`);
    await compareMixed(fixture, backend, box, new Float32Array(batch).fill(1));
  },
};

async function compareMixed(
  fixture: Fixture,
  backend: Backend,
  box: readonly number[],
  shares: Float32Array,
): Promise<void> {
  const { data: permutation } = fixture.input("permutation");
  const rows = [...permutation].flatMap((partner) => [partner, ...box]);
  const inputs = {
    x: fixture.input("x"),
    partners: { shape: [shares.length, 5], data: Int32Array.from(rows) },
    shares: { shape: [shares.length], data: shares },
  };
  const { mixed } = await compute(backend, inputs, ({ x, partners, shares }) => ({
    mixed: mix(x, partners, shares),
  }));
  fixture.compare("mixed", mixed);
}
