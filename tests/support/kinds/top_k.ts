/** `top_k`: how many labels are among the classes with the largest logits. */
import { z } from "zod";
import { countCorrect } from "../../../ops/count_correct.ts";
import { compute } from "../run.ts";
import type { Kind } from "./kind.ts";

const schema = z.object({ k: z.array(z.int()) });

export const topK: Kind = {
  tolerance: 0,
  async check(fixture, backend) {
    const { k } = fixture.config(schema);
    const inputs = { logits: fixture.input("logits"), labels: fixture.input("labels") };
    const [rows, classes] = inputs.logits.shape;
    const counts = await compute(backend, inputs, ({ logits, labels }) =>
      Object.fromEntries(
        Array.from({ length: Math.max(classes, ...k) }, (_, i) => [
          `${i + 1}`,
          countCorrect(logits, labels, { k: i + 1 }),
        ]),
      ));
    fixture.compareSteps("correct", k.map((k) => counts[k]));
    // A rank below k counts for every larger k too, so counts determine how often each rank occurs.
    const { data: rank } = fixture.input("rank");
    for (let k = 1; k <= classes; k++) {
      const expected = [...rank].filter((value) => value < k).length;
      if (counts[k][0] !== expected) {
        throw new Error(
          `of ${rows} rows ${counts[k][0]} are counted for k = ${k}, not ${expected}`,
        );
      }
    }
  },
};
