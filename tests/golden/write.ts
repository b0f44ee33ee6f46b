/** `deno task golden`: records the code that the backends emit now. */
import { Emitter, type Golden, GOLDEN_FILE } from "./golden.ts";
import { SUBJECTS } from "./subjects.ts";

const emitter = new Emitter();
const golden: Record<string, Golden[string]> = {};
for (const subject of SUBJECTS) {
  const lines = [...await emitter.emit(subject)].map(([form, emission]) => [form, `${emission}`]);
  golden[subject.name] = Object.fromEntries(lines);
}
await Deno.writeTextFile(GOLDEN_FILE, JSON.stringify(golden, undefined, 2) + "\n");
