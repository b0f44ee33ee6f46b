/** Fixtures as tests: the safetensors files of a folder, each on every backend. */
import { dirname, fromFileUrl, join, relative } from "@std/path";
import type { Backend } from "../../backends/backend.ts";
import { referenceBackend } from "../../backends/reference/reference.ts";
import { testOnEveryBackend } from "./backends.ts";
import { Fixture, kindOf } from "./fixture.ts";
import { KINDS } from "./kinds.ts";
import { assertWithin } from "./tolerance.ts";

/** The folder of the project's own fixtures. */
export const OWN_FIXTURES = fromFileUrl(new URL("../fixtures", import.meta.url));

/** Whether a file of {@link OWN_FIXTURES}, by its path in there, holds a whole model. */
export function isModel(label: string): boolean {
  return ["models", "networks"].includes(dirname(label));
}

/**
 * Registers the tests of the files below `folder` whose path in it `chosen` takes (default all).
 * Files of kinds that nothing checks are reported as ignored. Returns these kinds.
 */
export function testFixtures(
  folder: string,
  chosen: (label: string) => boolean = () => true,
): string[] {
  const unknown = new Map<string, number>();
  for (const path of fixturePaths(folder)) {
    const label = relative(folder, path);
    if (!chosen(label)) continue;
    const name = kindOf(path);
    if (!Object.hasOwn(KINDS, name)) {
      unknown.set(name, (unknown.get(name) ?? 0) + 1);
      Deno.test.ignore(`fixture ${label}: nothing checks the kind "${name}"`, () => {});
      continue;
    }
    const kind = KINDS[name];
    const check = async (backend: Backend) => {
      const fixture = await Fixture.read(path, label);
      await kind.check(fixture, backend);
      assertWithin(fixture.comparisons(), kind.tolerance);
    };
    if (kind.isOfNoBackend) Deno.test(`fixture ${label}`, () => check(referenceBackend()));
    else testOnEveryBackend(`fixture ${label}`, check);
  }
  if (unknown.size > 0) {
    const kinds = [...unknown].map(([kind, files]) => `  ${kind}: ${files}`);
    console.warn(
      `SKIPPED: no file in tests/support/kinds checks the fixtures of these kinds:\n${
        kinds.join("\n")
      }`,
    );
  }
  return [...unknown.keys()];
}

/** All safetensors files below a folder, sorted. */
export function fixturePaths(root: string): string[] {
  return [...Deno.readDirSync(root)].flatMap((entry) => {
    const path = join(root, entry.name);
    if (entry.isDirectory) return fixturePaths(path);
    return entry.name.endsWith(".safetensors") ? [path] : [];
  }).sort();
}
