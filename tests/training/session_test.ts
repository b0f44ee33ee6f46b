import { assertRejects } from "@std/assert";
import { type Backend, MemoryLimitError } from "../../backends/backend.ts";
import { referenceBackend } from "../../backends/reference/reference.ts";
import { InputError } from "../../errors.ts";
import type { Program } from "../../graph/types.ts";
import { train } from "../../training/train.ts";
import { tinyTraining } from "../support/tiny_training.ts";

/** A backend with limited memory. */
function smallBackend(limitBytes: number): Backend {
  const reference = referenceBackend();
  const plan = (programs: readonly Program[]) => {
    const need = reference.plan(programs);
    return { ...need, fits: need.totalBytes <= limitBytes };
  };
  return {
    ...reference,
    plan,
    compile(programs) {
      const { totalBytes, fits } = plan(programs);
      if (fits) return reference.compile(programs);
      throw new MemoryLimitError(`asked for ${totalBytes} bytes of ${limitBytes}.`);
    },
  };
}

Deno.test("if memory is short, the error names the largest batch that fits", async () => {
  // In addition to the numbers that noise is drawn from.
  const limit = 8 * 2 ** 16 + 200_000;
  const options = await tinyTraining({ dropLast: true }, smallBackend(limit));
  const error = await assertRejects(() => train({ ...options, batchSize: 20 }), InputError);
  const largest = Number(/largest batch that fits is (\d+)/.exec(error.message)?.[1]);
  await train({ ...options, batchSize: largest, epochs: 1 });
  await assertRejects(
    () => train({ ...options, batchSize: largest + 1 }),
    InputError,
    `fits is ${largest}: set data.batchSize (now ${largest + 1})`,
  );
});

Deno.test("if not even one image fits, the error says so", async () => {
  const options = await tinyTraining({}, smallBackend(1000));
  await assertRejects(() => train(options), InputError, "Not even a batch of one image");
});
