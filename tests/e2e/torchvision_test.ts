import { assert } from "@std/assert";
import { exchange, LOGITS_TOLERANCE, torchvisionPython } from "./torchvision.ts";

const python = await torchvisionPython();
if (python === undefined) {
  console.warn("SKIPPED: found no Python with torchvision to exchange weights with");
}

/** Two small models; `deno task torchvision` exchanges the weights of all. */
for (const name of ["resnet18", "shufflenet_v2_x0_5"]) {
  Deno.test({
    name: `weights of ${name} load into torchvision, strictly, and back`,
    ignore: python === undefined,
    fn: async () => {
      const differences = Object.entries(await exchange(python!, name));
      assert(differences.every(([, value]) => value <= LOGITS_TOLERANCE), differences.join("; "));
    },
  });
}
