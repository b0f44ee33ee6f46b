/** Malicious pickles: any operation, names of functions, wrong numbers and lengths. */
import type { RandomStream } from "../../graph/random.ts";
import { pick } from "../support/pick.ts";
import { bytesOf, dictionary, TENSOR } from "../support/torch_files.ts";
import { concatenate } from "./bytes.ts";

/** Names that a pickle may refer to, harmless ones too. */
const NAMES = [
  ...["os\nsystem", "posix\nsystem", "subprocess\nPopen", "builtins\neval", "__builtin__\nexec"],
  ...["builtins\ngetattr", "torch\nload", "runpy\n_run_code", "pickle\nloads", "Deno\nCommand"],
  ...["__builtin__\n__proto__", "constructor\nconstructor", "torch.nn.modules.conv\nConv2d"],
  ...["collections\nOrderedDict", "torch._utils\n_rebuild_tensor_v2", "torch\nFloatStorage"],
  ...["torch._utils\n_rebuild_parameter", "torch._utils\n_rebuild_tensor", "torch\nHalfStorage"],
  ...["argparse\nNamespace", "numpy\ndtype", "numpy.core.multiarray\nscalar", "_codecs\nencode"],
  ...[
    "builtins\nset",
    "torch\nSize",
    "torch\ndevice",
    "torch\nfloat16",
    "torch\nComplexFloatStorage",
  ],
];

const letters = (value: number) => String.fromCharCode(value & 255, value >> 8 & 255);
const length = (value: number) => letters(value) + letters(value >>> 16);

const someSize = (random: RandomStream) =>
  pick([0, 1, 2, 3, 16, 255, 65536, 2 ** 31 - 1, -1, random.uint32() | 0], random);

const someLine = (random: RandomStream) =>
  pick(["0", "1", "-1", "00", "01", "9".repeat(300), "1e400", "nan", "x", "", "'a'", "a"], random);

/** Parts of pickles, each with some operations. */
const PARTS: readonly ((random: RandomStream) => string)[] = [
  (random) => String.fromCharCode(random.integer(256)),
  (random) => pick([..."(01230Ntlad]}eosubR.)", "\x81\x85\x86\x87\x8f\x90\x91\x92\x93"], random),
  (random) => `c${pick(NAMES, random)}\n`,
  (random) => `c${pick(NAMES, random)}\n(${pick(["K\x01", "X\x02\0\0\0ls", "]", "}"], random)}tR`,
  (random) => `(X\x02\0\0\0lsi${pick(NAMES, random)}\n`,
  (random) => `\x8c${letters(random.integer(256))[0]}os\x8c\x06system\x93`,
  (random) => pick([..."XTB"], random) + length(someSize(random)) + "ab",
  (random) => `\x8e${length(someSize(random))}${length(random.integer(2))}`,
  (random) => pick([..."ILFSVgpP"], random) + someLine(random) + "\n",
  (random) => `\x8b${length(someSize(random))}ab`,
  (random) => pick([..."hqr\x94jQ"], random) + letters(random.integer(4)) + "\0\0",
  (random) => `J${length(someSize(random))}`,
  // One operation so often that it would use up the memory.
  (random) =>
    pick(["]", "}", ")", "N", "(", "2", "K\0", "}q\0", "h\0", "]\x94", "U\0", "\x8c\x01a"], random)
      .repeat(2 ** random.integer(random.integer(8) ? 12 : 22)),
  // Valid parts with a changed detail.
  () => TENSOR,
  (random) => dictionary({ a: TENSOR, b: pick(["N", "h\0", "2", "}", TENSOR], random) }),
  (random) => {
    const numbers = ["K\x02t", "K\0K", "K\x02\x85", "K\x01\x85"];
    const wrong = pick(numbers, random);
    const right = wrong.replace(/K[^]/, `J${length(someSize(random))}`);
    return dictionary({ a: TENSOR.replace(wrong, right) });
  },
];

/** A pickle of up to thirty such parts. */
export function hostilePickle(random: RandomStream): Uint8Array {
  const parts = ["\x80\x02"];
  for (let times = 1 + random.integer(30); times > 0; times--) {
    parts.push(pick(PARTS, random)(random));
  }
  return concatenate([...parts, "."].map(bytesOf));
}
