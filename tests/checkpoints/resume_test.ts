import { assert, assertEquals, assertRejects } from "@std/assert";
import { InputError } from "../../errors.ts";
import { train } from "../../training/train.ts";
import { MemoryStore } from "../support/memory_store.ts";
import { assertResumesExactly } from "../support/resumes.ts";
import { tinyTraining } from "../support/tiny_training.ts";

Deno.test("a training stopped after any step and resumed ends with the bits of an uninterrupted one", async () => {
  const uninterrupted = new MemoryStore();
  const whole = await tinyTraining({ store: uninterrupted });
  const outcome = await train(whole);
  assertEquals(outcome.state.step, 8);

  for (let stopAt = 1; stopAt < 8; stopAt++) {
    const first = new MemoryStore();
    const controller = new AbortController();
    const interrupted = await train(
      await tinyTraining({
        store: first,
        signal: controller.signal,
        observer: { step: ({ step }) => step >= stopAt && controller.abort() },
      }),
    );
    assertEquals(interrupted.status, "interrupted");
    assert(first.last);
    assertEquals(first.last.state, interrupted.state);

    const second = new MemoryStore(first.last.log);
    const options = await tinyTraining({ store: second, resume: first.last });
    const resumed = await train(options);
    assertEquals(resumed.status, "completed");
    assertEquals(second.last, uninterrupted.last, `stopped at step ${interrupted.state.step}`);
    assertEquals(options.model.stateDict(), whole.model.stateDict());
  }
});

Deno.test("a training resumed from any checkpoint of an uninterrupted one repeats it", async () => {
  assertEquals((await assertResumesExactly({})).length, 11);
});

Deno.test("a training stopped during validation repeats the validation", async () => {
  const uninterrupted = new MemoryStore();
  await train(await tinyTraining({ store: uninterrupted }));
  const store = new MemoryStore();
  const controller = new AbortController();
  const { status, state } = await train(
    await tinyTraining({
      store,
      signal: controller.signal,
      observer: { validating: () => controller.abort() },
    }),
  );
  assertEquals([status, state.epoch, state.batch, state.step], ["interrupted", 0, 4, 4]);
  assert(store.last);
  const rest = new MemoryStore(store.last.log);
  await train(await tinyTraining({ store: rest, resume: store.last }));
  assertEquals(rest.last, uninterrupted.last);
});

Deno.test("an impossible position is rejected before anything is written", async () => {
  const uninterrupted = new MemoryStore();
  await train(await tinyTraining({ store: uninterrupted }));
  assert(uninterrupted.last);
  const { state, tensors } = uninterrupted.last;
  const { step, epoch } = state;
  for (const wrong of [{ step: step - 1 }, { epoch: epoch - 1 }, { batch: 5, step: step + 5 }]) {
    const store = new MemoryStore();
    const options = await tinyTraining({
      store,
      resume: { state: { ...state, ...wrong }, tensors },
    });
    await assertRejects(() => train(options), InputError, "impossible with 4 steps per epoch");
    assertEquals(store.saves, []);
  }
});
