/**
 * Reads many damaged files of every kind and says how long the slowest took and how much memory was
 * in use at most:
 *
 *     deno run --allow-read --allow-env tests/checkpoints/damage_many.ts 20000
 */
import { damageSubjects, readDamaged } from "../support/damage.ts";

const count = Number(Deno.args[0] ?? 20000);
for (const subject of await damageSubjects()) {
  let slowest = 0;
  let memory = 0;
  const totals = { accepted: 0, refused: 0 };
  for (let seed = 0; seed < count; seed++) {
    const start = performance.now();
    const { accepted, refused } = await readDamaged(subject, 1, seed);
    slowest = Math.max(slowest, performance.now() - start);
    memory = Math.max(memory, Deno.memoryUsage().rss);
    totals.accepted += accepted;
    totals.refused += refused;
  }
  console.log(
    `${subject.name}: ${totals.accepted} read, ${totals.refused} refused, none worse; slowest ` +
      `${slowest.toFixed(0)} ms, at most ${(memory / 2 ** 20).toFixed(0)} MiB`,
  );
}
