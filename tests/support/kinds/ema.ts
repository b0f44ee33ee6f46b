/** `ema`: the exponential moving average of weights. */
import { z } from "zod";
import { input, readVariable, trace, updateVariable } from "../../../graph/trace.ts";
import { sizeOf } from "../../../graph/types.ts";
import { movingAverage } from "../../../ops/moving_average.ts";
import { Linear } from "../../../layers/linear.ts";
import { resolveRecipe } from "../../../training/recipe.ts";
import { stepScalars } from "../../../training/step_program.ts";
import { narrow } from "../run.ts";
import { type Kind, LAYER_TOLERANCE } from "./kind.ts";

const schema = z.object({ decay: z.number(), warmup: z.boolean(), steps: z.int() });

export const ema: Kind = {
  tolerance: LAYER_TOLERANCE,
  async check(fixture, backend) {
    const { steps, ...options } = fixture.config(schema);
    const optimizer = { name: "sgd", learningRate: 1 } as const;
    const recipe = resolveRecipe(new Linear(1, 1), { optimizer, ema: options }, { classes: 1 });
    const first = fixture.inputStep("params", 0);
    const variables = [{ name: "ema", size: sizeOf(first.shape) }];
    const program = trace({ name: "average", variables }, () => {
      const average = readVariable("ema", 0, first.shape);
      const params = input("params", first.shape);
      updateVariable("ema", 0, movingAverage(average, params, input("averageDecay", [])));
    });
    const executable = await backend.compile([program]);
    try {
      executable.write("ema", Float32Array.from(first.data));
      const averages = [await executable.read("ema")];
      for (let step = 0; step < steps; step++) {
        const { averageDecay } = stepScalars(recipe, step, { learningRate: 1 });
        await executable.run("average", {
          params: narrow(fixture.inputStep("params", step + 1).data),
          averageDecay: Float32Array.of(averageDecay),
        });
        averages.push(await executable.read("ema"));
      }
      fixture.compareSteps("ema", averages);
    } finally {
      executable.dispose();
    }
  },
};
