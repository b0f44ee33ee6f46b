/**
 * Every fixture on every backend: the files of the folder `OVERFOLD_FIXTURES` (default
 * `tests/fixtures`) hold inputs and what PyTorch computes from them. How a file is checked is
 * decided by the kind and config it names, never by its own name; see tests/fixtures/README.md.
 */
import { assertEquals } from "@std/assert";
import { dirname, fromFileUrl, join, relative } from "@std/path";
import { testOnEveryBackend } from "./support/backends.ts";
import { Fixture, kindOf } from "./support/fixture.ts";
import { KINDS } from "./support/kinds.ts";
import { assertWithin } from "./support/tolerance.ts";

const folder = Deno.env.get("OVERFOLD_FIXTURES") ??
  join(dirname(fromFileUrl(import.meta.url)), "fixtures");

const unknown = new Map<string, number>();

for (const path of fixturePaths(folder)) {
  const label = relative(folder, path);
  const name = kindOf(path);
  if (!Object.hasOwn(KINDS, name)) {
    unknown.set(name, (unknown.get(name) ?? 0) + 1);
    Deno.test.ignore(`fixture ${label}: nothing checks the kind "${name}"`, () => {});
    continue;
  }
  const kind = KINDS[name];
  testOnEveryBackend(`fixture ${label}`, async (backend) => {
    const fixture = await Fixture.read(path, label);
    await kind.check(fixture, backend);
    assertWithin(fixture.comparisons(), kind.tolerance);
  });
}

if (unknown.size > 0) {
  const kinds = [...unknown].map(([kind, files]) => `  ${kind}: ${files}`);
  console.warn(
    `SKIPPED: no file in tests/support/kinds checks the fixtures of these kinds:\n${
      kinds.join("\n")
    }`,
  );
}

Deno.test({
  name: "every kind of the project's own fixtures is checked",
  ignore: Deno.env.has("OVERFOLD_FIXTURES"),
  fn: () => assertEquals([...unknown.keys()], []),
});

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
