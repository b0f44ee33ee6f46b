/**
 * Every fixture on every backend: the files of the folder `OVERFOLD_FIXTURES` (default
 * `tests/fixtures`) hold inputs and what PyTorch computes from them. How a file is checked is
 * decided by the kind and config it names, never by its own name; see tests/fixtures/README.md.
 */
import { dirname, fromFileUrl, join, relative } from "@std/path";
import { testOnEveryBackend } from "./support/backends.ts";
import { Fixture } from "./support/fixture.ts";
import { KINDS } from "./support/kinds.ts";
import { assertWithin } from "./support/tolerance.ts";

const folder = Deno.env.get("OVERFOLD_FIXTURES") ??
  join(dirname(fromFileUrl(import.meta.url)), "fixtures");

for (const path of fixturePaths(folder)) {
  const label = relative(folder, path);
  testOnEveryBackend(`fixture ${label}`, async (backend) => {
    const fixture = await Fixture.read(path, label);
    if (!Object.hasOwn(KINDS, fixture.kind)) {
      throw new Error(
        `${label} is of kind "${fixture.kind}", which no file in tests/support/kinds checks; ` +
          `known are ${Object.keys(KINDS).join(", ")}`,
      );
    }
    const kind = KINDS[fixture.kind];
    await kind.check(fixture, backend);
    assertWithin(fixture.comparisons(), kind.tolerance);
  });
}

Deno.test("there are fixtures", () => {
  if (fixturePaths(folder).length === 0) throw new Error(`${folder} holds no .safetensors file`);
});

/** All safetensors files below a folder, sorted. */
function fixturePaths(root: string): string[] {
  return [...Deno.readDirSync(root)].flatMap((entry) => {
    const path = join(root, entry.name);
    if (entry.isDirectory) return fixturePaths(path);
    return entry.name.endsWith(".safetensors") ? [path] : [];
  }).sort();
}
