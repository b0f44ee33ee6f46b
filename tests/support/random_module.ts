/**
 * Random WebAssembly like that which Overfold emits: every instruction, groups of vectors, loops,
 * branches and calls. NaN payloads, which WebAssembly leaves unspecified, affect only the memory
 * for floats.
 */
import { type AnyFunction, ModuleBuilder } from "../../assembler/mod.ts";
import type { RandomStream } from "../../graph/random.ts";
import { pick } from "./pick.ts";
import { Statements } from "./random_module/statements.ts";

/** A module that exports `run`, which takes a thread number. */
export function randomModule(random: RandomStream): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder({ maximumPages: 1, shared: false });
  const helpers = Array.from({ length: random.integer(3) }, (_, i) => {
    const result = pick(["i32", "f32", "v128", "void"] as const, random);
    const parameters = { a: "i32", b: "f32", c: "v128", d: "f64" } as const;
    const f = module.function(`helper ${i}`, parameters, result);
    new Statements(f as unknown as AnyFunction, random, []).body(12);
    return f;
  });
  const run = module.function("run", { thread: "i32" });
  new Statements(run, random, helpers).body(30);
  module.export(run);
  return module.build();
}
