/** Files of any content are read or refused, never worse. `damage_many.ts` does the same for hours. */
import { assert } from "@std/assert";
import { damageSubjects, readDamaged } from "../support/damage.ts";

for (const subject of await damageSubjects()) {
  Deno.test(`${subject.name} is read; damaged it is read or refused`, async () => {
    await subject.read(subject.sound);
    const { accepted, refused } = await readDamaged(subject, 2000);
    assert(accepted > 0 && refused > 1000, `${accepted} read, ${refused} refused`);
  });
}
