import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { loadPickles } from "../../datasets/cifar.ts";
import { cifar10 } from "../../datasets/cifar10.ts";
import { readImages } from "../../datasets/image_source.ts";
import { locateFiles } from "../../datasets/locate.ts";
import { unpickle } from "../../datasets/pickle.ts";
import { InputError } from "../../errors.ts";
import { withFiles } from "../support/pictures.ts";

const FIXTURES = new URL("../fixtures/datasets/", import.meta.url);
const fixture = (name: string) => Deno.readFile(new URL(`${name}.pickle`, FIXTURES));

/** The fixtures' pixels, [2, 32, 32, 3]. */
const PIXELS = Array.from({ length: 2 * 3072 }, (_, i) => i * 7 % 251);

const names = { folder: "batches", train: ["a"], test: ["b"] };

async function load(bytes: Uint8Array<ArrayBuffer>, labels = "labels", classes = 10) {
  const { info } = cifar10.build({}, {});
  const tiny = {
    ...info,
    sizes: { train: 2, test: 2 },
    classNames: Array.from({ length: classes }, (_, i) => String(i)),
  };
  let split: Awaited<ReturnType<typeof loadPickles>>["train"] | undefined;
  await withFiles({ a: bytes, b: bytes }, async (folder) => {
    const files = new Map(["a", "b"].map((name) => [name, { path: join(folder, name) }]));
    split = (await loadPickles(files, tiny, { ...names, labels })).train;
  });
  return { pixels: [...await readImages(split!)], labels: [...split!.targets.labels.data] };
}

for (
  const [name, key, labels] of [
    ["cifar10_python2", "labels", [9, 0]],
    ["cifar100_python2", "fine_labels", [99, 0]],
    ...[2, 3, 4, 5].map((protocol) =>
      [`cifar10_python3_${protocol}`, "labels", [9, 0]] as [string, string, number[]]
    ),
  ] as [string, string, number[]][]
) {
  Deno.test(`CIFAR's pickles are read as Python writes them: ${name}`, async () => {
    assertEquals(await load(await fixture(name), key, 100), { pixels: PIXELS, labels });
  });
}

Deno.test("a pickle truncated anywhere is rejected by name", async () => {
  for (const name of ["cifar10_python2", "cifar10_python3_5"]) {
    const bytes = await fixture(name);
    for (const end of [0, 1, 2, 10, 100, 200, 300, 3000, bytes.length - 50, bytes.length - 1]) {
      assertThrows(() => unpickle(bytes.slice(0, end), "a"), InputError, "a: not a pickle of text");
    }
  }
});

const text = (letters: string) => Uint8Array.from(letters, (letter) => letter.charCodeAt(0));

Deno.test("a pickle that does more than hold values is rejected", () => {
  const evil: [string, string][] = [
    ["\x80\x02cos\nsystem\nU\x02ls\x85R.", "it uses os.system"],
    ["\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x02ls\x85R.", "it uses os.system"],
    ["\x80\x02cnumpy\nndarray\n)R.", "it calls a value that is not callable"],
    ["\x80\x02cnumpy\nndarray\n)\x81.", "it calls a value that is not callable"],
    ["\x80\x02\x82\x01.", "it contains the operation 0x82"],
    ["\x80\x02c__builtin__\n__proto__\n.", "it uses __builtin__.__proto__"],
    ["\x80\x02cnumpy\ndtype\nU\x02i8K\x00K\x01\x87R.", "it contains an array of i8"],
    ["\x80\x02K\x01K\x02b.", "it sets the state of a value without state"],
    ["\x80\x02u.", "a mark is missing"],
    ["\x80\x02K\x01a.", "a list is missing"],
    ["\x80\x02.", "a value is missing"],
    ["\x80\x02T\xff\xff\xff\xffabc.", "it ends early"],
    ["\x80\x06.", "its protocol is 6; supported: 0 to 5"],
    [
      `\x80\x02c_codecs\nencode\nq\x00X\x50\x00\x00\x00${
        "a".repeat(80)
      }q\x01X\x06\x00\x00\x00latin1q\x02` +
      "h\x00h\x01h\x02\x86R".repeat(3) + ".",
      "it unpacks to more bytes than it has",
    ],
  ];
  for (const [bytes, message] of evil) {
    assertThrows(() => unpickle(text(bytes), "a"), InputError, message);
  }
});

Deno.test("pickles of other values than CIFAR's are rejected by name", async () => {
  const [ten, hundred] = [await fixture("cifar10_python2"), await fixture("cifar100_python2")];
  await assertRejects(() => load(text("\x80\x02}.")), InputError, "a: expected `data`");
  await assertRejects(() => load(hundred), InputError, "as `labels`");
  await assertRejects(() => load(ten, "labels", 9), InputError, "record 0 has the label 9");
});

Deno.test("the Python version is found in data.root and in its parent", async () => {
  const batch = await fixture("cifar10_python2");
  const all = [1, 2, 3, 4, 5].map((i) => `data_batch_${i}`);
  const files = Object.fromEntries(
    [...all, "test_batch"].map((name) => [`cifar-10-batches-py/${name}`, batch]),
  );
  await withFiles(files, async (root) => {
    for (const given of [root, join(root, "cifar-10-batches-py")]) {
      const { locate, load } = cifar10.build({}, { root: given });
      assertEquals(await locate!(), join(root, "cifar-10-batches-py"));
      await assertRejects(load, InputError, "expected `data`, bytes [10000, 3072]");
    }
    // In the cache, only the published form is accepted.
    const dataset = { ...{ info: { name: "tiny" }, files: ["x"], gzipped: false, layouts: ["."] } };
    const otherForms = [{ files: ["data_batch_1"], gzipped: false, layouts: ["."] }];
    const error = await assertRejects(
      () =>
        locateFiles({ ...dataset, otherForms, remoteFiles: [] }, { cache: root, download: false }),
      InputError,
    );
    assertEquals(error.message.includes("was not found"), true);
  });
});
