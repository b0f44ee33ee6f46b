/**
 * The code that the backends emit is the code recorded in `golden/hashes.json`. A refactoring does
 * not change it; after an intended change run `deno task golden`.
 */
import { assertEquals } from "@std/assert";
import { Emitter, type Golden, GOLDEN_FILE } from "./golden/golden.ts";
import { SUBJECTS } from "./golden/subjects.ts";

const golden: Golden = JSON.parse(Deno.readTextFileSync(GOLDEN_FILE));
/** One for all, so that kernels of one key are compared across networks too. */
const emitter = new Emitter();

for (const subject of SUBJECTS) {
  const recorded = golden[subject.name];
  if (!recorded) continue; // The last test reports it.
  Deno.test(`golden ${subject.name}`, async () => {
    const emissions = await emitter.emit(subject);
    const lines = [...emissions].flatMap(([form, emission]) =>
      emission.differences(recorded[form]).map((difference) => `${form}: ${difference}`)
    );
    const gone = Object.keys(recorded).filter((form) => !emissions.has(form))
      .map((form) => `${form}: on record, but not emitted`);
    if (lines.length + gone.length === 0) return;
    throw new Error(
      `${subject.name} is not the code on record. If the change is meant, run ` +
        `\`deno task golden\`; these differ:\n${[...lines, ...gone].join("\n")}`,
    );
  });
}

Deno.test("the golden record contains exactly all networks and ops", () => {
  const [known, wanted] = [Object.keys(golden), SUBJECTS.map(({ name }) => name)];
  const different = new Set(known).symmetricDifference(new Set(wanted));
  assertEquals(different, new Set(), "run `deno task golden`");
});
