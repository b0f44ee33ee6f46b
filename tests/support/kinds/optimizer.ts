/**
 * `optimizer`: some steps of an optimizer on given gradients; parameters and slots are compared.
 */
import { z } from "zod";
import { input, readVariable, trace, updateVariable } from "../../../graph/trace.ts";
import { sizeOf } from "../../../graph/types.ts";
import {
  createOptimizer,
  type OptimizerOptions,
  OPTIMIZERS,
} from "../../../training/optimizers/registry.ts";
import type { Fixture } from "../fixture.ts";
import { narrow } from "../run.ts";
import { type Kind, LAYER_TOLERANCE } from "./kind.ts";

const optionsSchema = z.object({
  lr: z.number(),
  weight_decay: z.number(),
  momentum: z.number(),
  dampening: z.number(),
  nesterov: z.boolean(),
  betas: z.tuple([z.number(), z.number()]),
  eps: z.number(),
  amsgrad: z.boolean(),
  alpha: z.number(),
  centered: z.boolean(),
}).partial().strict();

const schema = z.object({
  optimizer: z.enum(["SGD", "Adam", "AdamW", "RMSprop"]),
  options: optionsSchema,
  steps: z.int(),
  lr_per_step: z.array(z.number()),
  /** A tensor's own options, instead of `options`. */
  groups: z.record(z.string(), optionsSchema.omit({ lr: true })),
});

function optimizerOptions(
  name: z.infer<typeof schema>["optimizer"],
  { lr = 1, weight_decay: weightDecay, ...options }: z.infer<typeof optionsSchema>,
): OptimizerOptions {
  const known = Object.entries({ ...options, weightDecay }).filter(([, value]) =>
    value !== undefined
  );
  const lowered = name.toLowerCase() as keyof typeof OPTIMIZERS;
  return { name: lowered, learningRate: lr, ...Object.fromEntries(known) };
}

/** One tensor of the case with the optimizer of its group. */
function trainedTensor(fixture: Fixture, key: string, options: OptimizerOptions) {
  const first = fixture.inputStep(`params_${key}`, 0);
  const optimizer = createOptimizer(options);
  const { weightDecay } = optimizer.options;
  const slotVariable = (slot: string) => `state_${slot}_${key}`;
  const size = sizeOf(first.shape);
  const params = `params_${key}`;
  const variables = [params, ...optimizer.slots.map(slotVariable)];
  return {
    params,
    first,
    variables: variables.map((name) => ({ name, size })),
    traceStep() {
      const updated = optimizer.update({
        parameter: readVariable(params, 0, first.shape),
        gradient: input(`grads_${key}`, first.shape),
        slots: Object.fromEntries(
          optimizer.slots.map((
            slot,
          ) => [slot, readVariable(slotVariable(slot), 0, first.shape)]),
        ),
        scalars: Object.fromEntries(
          optimizer.scalars.map((name) => [name, input(`${key}.${name}`, [])]),
        ),
        weightDecay,
      });
      updateVariable(params, 0, updated.parameter);
      for (const slot of optimizer.slots) {
        const value = updated.slots[slot];
        if (value) updateVariable(slotVariable(slot), 0, value);
      }
    },
    inputs(step: number, learningRate: number) {
      const scalars = optimizer.scalarsAt(step, { learningRate });
      return {
        [`grads_${key}`]: narrow(fixture.inputStep(`grads_${key}`, step).data),
        ...Object.fromEntries(
          optimizer.scalars.map((name) => [`${key}.${name}`, Float32Array.of(scalars[name])]),
        ),
      };
    },
  };
}

export const optimizer: Kind = {
  tolerance: LAYER_TOLERANCE,
  async check(fixture, backend) {
    const config = fixture.config(schema);
    const tensors = Object.entries(config.groups).map(([key, own]) =>
      trainedTensor(
        fixture,
        key,
        optimizerOptions(config.optimizer, { ...config.options, ...own }),
      )
    );
    const variables = tensors.flatMap(({ variables }) => variables);
    const program = trace({ name: "update", variables }, () => {
      tensors.forEach((tensor) => tensor.traceStep());
    });
    const executable = await backend.compile([program]);
    try {
      for (const { params, first } of tensors) {
        executable.write(params, narrow(first.data) as Float32Array);
      }
      const history = new Map<string, Float32Array[]>(
        tensors.map(({ params, first }) => [params, [Float32Array.from(first.data)]]),
      );
      for (let step = 0; step < config.steps; step++) {
        const inputs = tensors.map((tensor) => tensor.inputs(step, config.lr_per_step[step]));
        await executable.run("update", Object.assign({}, ...inputs));
        for (const { name } of variables) {
          const steps = history.get(name) ?? [];
          steps.push(await executable.read(name));
          history.set(name, steps);
        }
      }
      for (const [name, steps] of history) fixture.compareSteps(name, steps);
    } finally {
      executable.dispose();
    }
  },
};
