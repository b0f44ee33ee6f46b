/** Ranks that differ, fail or diverge: all of them end, with the same message. */
import { assert, assertRejects } from "@std/assert";
import type { Backend } from "../../backends/backend.ts";
import { referenceBackend } from "../../backends/reference/reference.ts";
import { cpuBackend } from "../../backends/wasm/mod.ts";
import { InputError, RunError } from "../../errors.ts";
import { isThrownByAll } from "../../training/agreement.ts";
import { CONTRIBUTION } from "../../training/variables.ts";
import { type TrainOptions } from "../../training/train.ts";
import { tinyDataset } from "../support/tiny_training.ts";
import { trainedOn } from "../support/trained_ranks.ts";

for (
  const [what, options] of Object.entries({
    "epochs: 2 on ranks 0, 1, 3, 3 on rank 2": { epochs: 3 },
    "seed: 3 on ranks 0, 1, 3, 4 on rank 2": { seed: 4 },
    "images to train on: 20 images": { train: (await tinyDataset()).test.slice(0, 7) },
    "backend: cpu": { backend: referenceBackend() },
    "optimizer:": { optimizer: { name: "sgd", learningRate: 1 } },
  } as Record<string, Partial<TrainOptions>>)
) {
  Deno.test(`ranks with different options are refused: ${what}`, async () => {
    const error = await assertRejects(
      () => trainedOn(4, ({ rank }) => rank === 2 ? options : {}),
      InputError,
      what,
    );
    assert(isThrownByAll(error));
  });
}

Deno.test("ranks that cannot compile are named by all ranks in one message", async () => {
  const backend = (isFull: boolean): Backend => {
    const cpu = cpuBackend({ threads: 1 });
    const compile = () => Promise.reject(new RunError("no room"));
    return isFull ? { ...cpu, compile } : cpu;
  };
  const error = await assertRejects(
    () => trainedOn(4, ({ rank }) => ({ backend: backend(rank % 2 === 1) })),
    RunError,
    "rank 1, rank 3: no room",
  );
  assert(isThrownByAll(error));
});

Deno.test("weights that differ between ranks are detected at the end of the epoch", async () => {
  const backend = (isWrong: boolean): Backend => {
    const cpu = cpuBackend({ threads: 1 });
    return {
      ...cpu,
      name: cpu.name,
      async compile(programs) {
        const executable = await cpu.compile(programs);
        return {
          run: (...what) => executable.run(...what),
          read: (...what) => executable.read(...what),
          write(name, data, offset) {
            // Like a bit flip in the memory of one machine.
            if (isWrong && name === CONTRIBUTION) data[0] += 1;
            executable.write(name, data, offset);
          },
          profile: (...what) => executable.profile(...what),
          dispose: () => executable.dispose(),
        };
      },
    };
  };
  await assertRejects(
    () => trainedOn(4, ({ rank }) => ({ backend: backend(rank === 2) })),
    RunError,
    "after step 2 the weights of rank 2 are not those of rank 0",
  );
});

Deno.test("a non-finite loss ends the training on all ranks", async () => {
  const learningRate = 1e38;
  const error = await assertRejects(
    () => trainedOn(4, { optimizer: { name: "sgd", learningRate }, clip: undefined }),
    RunError,
    "diverged",
  );
  assert(isThrownByAll(error));
});
