/**
 * `pickle`: a file of torch.save beside the fixture, with PyTorch's tensors, or that must be
 * refused.
 */
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { z } from "zod";
import { InputError } from "../../../errors.ts";
import { readForeignState } from "../../../weights/import.ts";
import { withoutBackend } from "./kind.ts";

const schema = z.looseObject({
  file: z.string(),
  expect: z.enum(["tensors", "refused"]),
  names: z.array(z.string()),
  /** What the error must name. */
  global_named: z.string().optional(),
  advice: z.string().optional(),
});

export const pickle = withoutBackend(async (fixture) => {
  const { file, expect, names, global_named, advice } = fixture.config(schema);
  const path = join(fixture.folder, file);
  const read = await readForeignState(path).catch((error) => {
    if (!(error instanceof InputError)) throw error;
    return error;
  });
  if (read instanceof InputError) {
    if (expect === "tensors") throw new Error(`refused: ${read.message}`);
    const wanted = [file, global_named ?? "", advice ? "model.state_dict()" : ""];
    assertEquals(wanted.filter((text) => !read.message.includes(text)), [], read.message);
    return;
  }
  if (expect === "refused") throw new Error("read, though it must be refused");
  assertEquals([...read.tensors.keys()], names);
  for (const [name, { shape, data }] of read.tensors) {
    const expected = fixture.input(name);
    assertEquals(shape, expected.shape, name);
    // assertEquals distinguishes -0 from 0, and NaN equals itself.
    assertEquals(Array.from(data, Number), Array.from(expected.data, Number), name);
  }
});
