/** Files of torch.save: damaged ones, with valid checksums, and hostile ones. */
import type { RandomStream } from "../../../graph/random.ts";
import type { Value } from "../../../graph/types.ts";
import { BatchNorm2d } from "../../../layers/batch_norm2d.ts";
import { Conv2d } from "../../../layers/conv2d.ts";
import { Linear } from "../../../layers/linear.ts";
import { Module } from "../../../layers/module.ts";
import { inferenceProgram } from "../../../models/inference.ts";
import { globalAvgPool2d } from "../../../ops/global_avg_pool2d.ts";
import { relu } from "../../../ops/relu.ts";
import { flatten } from "../../../ops/reshape.ts";
import { adoptState, readForeignState } from "../../../weights/import.ts";
import { pick } from "../../support/pick.ts";
import { bytesOf, torchFile } from "../../support/torch_files.ts";
import { type ZipFile, zipOf } from "../../support/zip.ts";
import { concatenate, damage } from "../bytes.ts";
import type { Kind } from "../kind.ts";
import { hostilePickle } from "../pickles.ts";
import { runNetwork } from "../run_network.ts";

const FIXTURES = new URL("../../fixtures/pickles/", import.meta.url);
const fixture = (name: string) => Deno.readFileSync(new URL(name, FIXTURES));

/** The network of the fixtures' weights. */
class Net extends Module {
  conv1 = new Conv2d({ inChannels: 3, outChannels: 4, kernelSize: 3, padding: 1, bias: false });
  bn1 = new BatchNorm2d(4);
  fc = new Linear(4, 3);

  forward(x: Value): Value {
    return this.fc.call(flatten(globalAvgPool2d(relu(this.bn1.call(this.conv1.call(x))))));
  }
}

const model = new Net();
model.initialize(0);
const description = {
  input: { height: 6, width: 6, channels: 3 },
  normalization: { mean: [0, 0, 0], std: [1, 1, 1] },
};

async function read(path: string) {
  adoptState(model, await readForeignState(path));
  return () => runNetwork({ program: (batch) => inferenceProgram(model, description, batch) });
}

/** Damaged files. */
export const torch: Kind = {
  file: "weights.pth",
  samples: () =>
    [
      ...["state_dict.pth", "state_dict_legacy.pth", "deflated.pt", "training_checkpoint.pth.tar"],
    ].map(fixture),
  mutate(sound, random) {
    const entries = storedEntries(sound);
    if (entries.length === 0) return damage(sound, random);
    const at = random.integer(2) ? entries.findIndex(isPickle) : random.integer(entries.length);
    const content = entries[at].content as Uint8Array;
    const edits: readonly (() => readonly ZipFile[])[] = [
      () => entries.with(at, { ...entries[at], content: damage(content, random) }),
      () => entries.with(at, { ...entries[at], content: damage(content, random) }),
      () => entries.with(at, { ...entries[at], size: random.integer(2 ** 16) }),
      () => entries.toSpliced(at, 1),
      () => [...entries, entries[at]],
    ];
    return zipOf(pick(edits, random)());
  },
  read,
};

/** Malicious files. */
export const torchHostile: Kind = {
  file: "weights.pth",
  samples: () => [fixture("state_dict.pth")],
  mutate(_, random) {
    const pickle = hostilePickle(random);
    if (random.integer(3)) return torchFile(pickle, storage(random));
    return concatenate([LEGACY, pickle, bytesOf("\x80\x02]U\x010a."), storage(random)]);
  },
  read,
};

/** The start of a file from before PyTorch 1.6. */
const LEGACY = bytesOf("\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}.");

/** Numbers: as many as a tensor has, or many that compress well. */
function storage(random: RandomStream): Uint8Array {
  return new Uint8Array(pick([8, 8, 16, 2 ** 10, 2 ** 20], random));
}

const isPickle = ({ name }: ZipFile) => name.endsWith("data.pkl");

/** The uncompressed entries of a zip archive; none for another file. */
function storedEntries(file: Uint8Array): ZipFile[] {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const entries: ZipFile[] = [];
  for (let at = 0; at + 46 <= file.length; at++) {
    if (view.getUint32(at, true) !== 0x02014b50) continue;
    if (view.getUint16(at + 10, true) !== 0) return [];
    const size = view.getUint32(at + 24, true);
    const name = new TextDecoder().decode(
      file.subarray(at + 46, at + 46 + view.getUint16(at + 28, true)),
    );
    const local = view.getUint32(at + 42, true);
    const start = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
    entries.push({ name, content: file.slice(start, start + size), method: 0 });
  }
  return entries;
}
