/**
 * Every fixture on every backend: the files of the folder `OVERFOLD_FIXTURES` (default
 * `tests/fixtures`) contain inputs and PyTorch's results. How a file is checked depends on the kind
 * and config it states, never on its name; see tests/fixtures/README.md.
 */
import { assertEquals } from "@std/assert";
import { fixturePaths, isModel, OWN_FIXTURES, testFixtures } from "./support/fixture_tests.ts";

const given = Deno.env.get("OVERFOLD_FIXTURES");
const unknown = given === undefined
  // The whole models of the project are tested in tests/backends/models_test.ts, beside these.
  ? testFixtures(OWN_FIXTURES, (label) => !isModel(label))
  : testFixtures(given);

Deno.test({
  name: "every fixture of the project has a known kind",
  ignore: given !== undefined,
  fn: () => assertEquals(unknown, []),
});

Deno.test("there are fixtures", () => {
  const folder = given ?? OWN_FIXTURES;
  if (fixturePaths(folder).length === 0) throw new Error(`${folder} holds no .safetensors file`);
});
