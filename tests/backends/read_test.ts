import { assert, assertEquals, assertRejects } from "@std/assert";
import { InputError } from "../../errors.ts";
import { output, readVariable, trace, updateVariable } from "../../graph/trace.ts";
import { scale } from "../../ops/scale.ts";
import { testOnEveryBackend } from "../support/backends.ts";

const program = trace({ name: "double", variables: [{ name: "v", size: 3 }] }, () => {
  const value = scale(readVariable("v", 0, [3]), 2);
  updateVariable("v", 0, value);
  output("y", value);
});

testOnEveryBackend("a variable is read into a given array or a new one", async (backend) => {
  const executable = await backend.compile([program]);
  executable.write("v", Float32Array.of(1, 2, 3));
  const into = new Float32Array(3);
  assert(await executable.read("v", into) === into);
  assertEquals([...into], [1, 2, 3]);
  // The same array again; then several at once, none of which a later run changes.
  const all = [executable.read("v", into), executable.read("v"), executable.read("v")];
  const ran = executable.run("double", {});
  assertEquals((await Promise.all(all)).map((data) => [...data]), Array(3).fill([1, 2, 3]));
  assertEquals([...(await ran).y], [2, 4, 6]);
  assertEquals([...await executable.read("v", into)], [2, 4, 6]);
  const other = new Float32Array(4);
  const error = await assertRejects(() => executable.read("v", other), InputError);
  assertEquals(error.message, 'variable "v" has 3 elements; the array to read it into has 4');
  executable.dispose();
});
