import { unpickle } from "../../../datasets/pickle.ts";
import type { Kind } from "../kind.ts";

const FIXTURES = new URL("../../fixtures/datasets/", import.meta.url);

/** Python pickles of CIFAR, with fewer pixels. */
export const pickle: Kind = {
  file: "data_batch_1",
  samples: () => [
    ...["cifar10_python2", "cifar10_python3_5"].map((name) =>
      Deno.readFileSync(new URL(`${name}.pickle`, FIXTURES))
    ),
    // Everything but the pixels, to be damaged more often.
    Uint8Array.from(
      "\x80\x02}q\x00(U\x06labels]q\x01(K\x09K\x00eU\x04nameX\x03\x00\x00\x00abcu.",
      (c) => c.charCodeAt(0),
    ),
  ],
  async read(path) {
    unpickle(await Deno.readFile(path), path);
  },
};
