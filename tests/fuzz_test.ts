/** Mutated files are read or refused, never worse. `deno task fuzz` reads more of them. */
import { assert } from "@std/assert";
import { Fuzzer } from "./fuzz/kind.ts";
import { KINDS } from "./fuzz/registry.ts";
import { withFolder } from "./support/folder.ts";
import { randomCount } from "./support/random_count.ts";

/** Mutated files of each kind; fewer of networks, which take longer. */
const FILES = randomCount(200), NETWORKS = randomCount(60);
const OF_NETWORKS = ["checkpoint", "folded", "onnx", "yaml"];

for (const [name, kind] of Object.entries(KINDS)) {
  Deno.test(`mutated files of the kind ${name} are read or refused`, () =>
    withFolder(async (folder) => {
      const fuzzer = await Fuzzer.open(kind, folder);
      const counts = { refused: 0, accepted: 0, run: 0 };
      const files = OF_NETWORKS.includes(name) ? NETWORKS : FILES;
      for (let seed = 0; seed < files; seed++) counts[await fuzzer.outcome(seed)]++;
      const { refused, accepted, run } = counts;
      assert(refused > files / 10 && accepted + run > 0, JSON.stringify(counts));
    }));
}
