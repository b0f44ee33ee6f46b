import { assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../../errors.ts";
import { createOptimizer } from "../../../training/optimizers/registry.ts";

Deno.test("an optimizer keeps only the slots its options need, under PyTorch's names", () => {
  const slots = (options: Parameters<typeof createOptimizer>[0]) => createOptimizer(options).slots;
  assertEquals(slots({ name: "sgd", learningRate: 1 }), []);
  assertEquals(slots({ name: "sgd", learningRate: 1, momentum: 0.9 }), ["momentum_buffer"]);
  assertEquals(slots({ name: "adamw", amsgrad: true }), [
    "exp_avg",
    "exp_avg_sq",
    "max_exp_avg_sq",
  ]);
  assertEquals(slots({ name: "rmsprop", centered: true, momentum: 0.5 }), [
    "square_avg",
    "grad_avg",
    "momentum_buffer",
  ]);
});

Deno.test("dampening skips the first step, where the buffer starts as the gradient", () => {
  const { scalarsAt } = createOptimizer({
    name: "sgd",
    learningRate: 1,
    momentum: 0.9,
    dampening: 0.3,
  });
  assertEquals(scalarsAt(0, { learningRate: 0.1 }).dampening, 0);
  assertEquals(scalarsAt(1, { learningRate: 0.1 }).dampening, 0.3);
});

Deno.test("a schedule's momentum replaces SGD's momentum and Adam's first beta", () => {
  const rates = { learningRate: 0.1, momentum: 0.5 };
  const sgd = createOptimizer({ name: "sgd", learningRate: 1, momentum: 0.9 });
  assertEquals(sgd.scalarsAt(3, rates).momentum, 0.5);
  const adam = createOptimizer({ name: "adam" });
  assertEquals(adam.scalarsAt(1, rates), {
    learningRate: 0.1,
    beta1: 0.5,
    biasCorrection1: 0.75,
    biasCorrection2: 1 - 0.999 ** 2,
  });
});

Deno.test("schedules start from the optimizer's learning rate or its default", () => {
  assertEquals(createOptimizer({ name: "sgd", learningRate: 0.2 }).options.learningRate, 0.2);
  assertEquals(createOptimizer("adam").options.learningRate, 0.001);
});

Deno.test("Nesterov momentum without momentum, or with dampening, is refused", () => {
  for (const options of [{}, { momentum: 0.9, dampening: 0.1 }]) {
    const error = assertThrows(
      () => createOptimizer({ name: "sgd", learningRate: 1, nesterov: true, ...options }),
      InputError,
      "Nesterov",
    );
    assertEquals(error.at, ["nesterov"]);
  }
});

Deno.test("an optimizer's scalars are those it declares", () => {
  for (const momentum of [0, 0.9]) {
    for (const name of ["sgd", "rmsprop"] as const) {
      const { scalars, scalarsAt } = createOptimizer({ name, learningRate: 1, momentum });
      assertEquals(Object.keys(scalarsAt(0, { learningRate: 1 })), [...scalars]);
    }
  }
  const { scalars, scalarsAt } = createOptimizer("adamw");
  assertEquals(Object.keys(scalarsAt(0, { learningRate: 1 })), [...scalars]);
});

Deno.test("decoupled weight decay is 0.01 by default, the L2 penalty 0", () => {
  const decays = (["adamw", "adam", "rmsprop"] as const)
    .map((name) => createOptimizer(name).options.weightDecay);
  assertEquals(decays, [0.01, 0, 0]);
});
