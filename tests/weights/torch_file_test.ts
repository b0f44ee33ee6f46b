import { assertEquals, assertRejects } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { InputError } from "../../errors.ts";
import { readTorchWeights } from "../../weights/torch_file.ts";
import { withFolder } from "../support/folder.ts";
import { bytesOf, dictionary, NUMBER, TENSOR, torchFile } from "../support/torch_files.ts";

const fixture = (name: string) =>
  fromFileUrl(new URL(`../fixtures/pickles/${name}`, import.meta.url));

/** What is found in a file of torch.save with this pickle, given as Latin-1 text. */
async function read(pickle: string, wanted?: string) {
  const path = await Deno.makeTempFile({ suffix: ".pth" });
  try {
    await Deno.writeFile(path, torchFile(bytesOf(pickle)));
    return await readTorchWeights(path, wanted);
  } finally {
    await Deno.remove(path);
  }
}

const state = (name: string) => dictionary({ [name]: TENSOR });
const pickled = (value: string) => `\x80\x02${value}.`;

Deno.test("the state dict is found in its wrapper, and other state dicts are listed", async () => {
  const both = pickled(dictionary({ epoch: "K\x07", ema: state("a"), model: state("b") }));
  assertEquals(await read(both), {
    at: "model",
    others: ["ema"],
    tensors: new Map([["b", { dtype: "F32" as const, shape: [2], data: Float32Array.of(1, 2) }]]),
  });
  for (const wanted of ["ema", "ema.", "ema.module"]) {
    const { at, others, tensors } = await read(both, wanted);
    assertEquals([at, others, [...tensors.keys()]], ["ema", ["model"], ["a"]]);
  }
  const deep = pickled(dictionary({ best: TENSOR, run: dictionary({ net: state("c") }) }));
  const { at, tensors } = await read(deep);
  assertEquals([at, [...tensors.keys()]], ["run.net", ["c"]]);
  const beside = dictionary({ best_acc1: NUMBER, state_dict: state("c") });
  assertEquals((await read(pickled(beside))).others, [], "a number is no network");
});

Deno.test("paths beside the weights are skipped", async () => {
  const path = "cpathlib\nPosixPath\n(U\x04datatR";
  const { tensors } = await read(pickled(dictionary({ root: path, model: state("b") })));
  assertEquals([...tensors.keys()], ["b"]);
});

Deno.test("a dictionary that contains itself is visited once", async () => {
  const { tensors } = await read(pickled(`}q\x00(U\x01ah\x00U\x01b${TENSOR}u`));
  assertEquals([...tensors.keys()], ["b"]);
});

const MESSAGES: readonly (readonly [pickle: string, message: string])[] = [
  [
    pickled("cos\nsystem\nU\x02ls\x85R"),
    "it uses os.system, which weights do not need and which may run code; no code was run. If you " +
    "trust the file's author, save the weights alone, in PyTorch: " +
    'torch.save(model.state_dict(), "weights.pth")',
  ],
  [
    pickled("c__main__\nNet\n)\x81}(U\x0b_parameters}U\x08_modules}ub"),
    "it contains a whole model (__main__.Net), which only the program that made it can build; save the " +
    'weights alone, in PyTorch: torch.save(model.state_dict(), "weights.pth")',
  ],
  [
    pickled(dictionary({ a: "ctorch._utils\n_rebuild_qtensor\n)R" })),
    "it contains quantized tensors: dequantize them first, in PyTorch: torch.save({name: " +
    'tensor.dequantize() for name, tensor in model.state_dict().items()}, "weights.pth")',
  ],
  [
    pickled(dictionary({ a: "ctorch._utils\n_rebuild_sparse_tensor\n)R" })),
    "it contains sparse tensors: make them dense first, in PyTorch: torch.save({name: tensor.to_dense()",
  ],
  [
    pickled(dictionary({ a: "ctorch._utils\n_rebuild_meta_tensor_no_storage\n)R" })),
    "it contains tensors of the device meta, which have no numbers",
  ],
  [pickled("c\x1b[2J\nx\n"), "it uses \\u001b[2J.x, which"],
  [pickled(TENSOR), "it contains a single tensor, not a state dict; save"],
  [pickled(dictionary({ epoch: "K\x07" })), "it contains no tensors, only 1 value (epoch); save"],
  [pickled(dictionary({ a: TENSOR.replace("K\x02tQ", "K\x03tQ") })), "has 8 bytes, expected 12"],
  [
    pickled(dictionary({ a: TENSOR.replace("U\x010", "U\x017") })),
    'the storage "7" of the tensor a',
  ],
  [
    pickled(dictionary({ a: TENSOR.replace("Float", "ComplexFloat") })),
    "unsupported element type Complex",
  ],
  [pickled(state("a\nb")), "has control characters"],
];

for (const [pickle, message] of MESSAGES) {
  Deno.test(`a file of torch.save is refused: ${message.slice(0, 60)}`, async () => {
    await assertRejects(() => read(pickle), InputError, message);
  });
}

Deno.test("errors for files of torch.save without a state dict say what to do", async () => {
  for (
    const [name, advice] of [
      ["torchscript.pt", "a TorchScript archive, which contains a program; save the weights alone"],
      [
        "whole_model_own_class.pth",
        "only the program that made it can build; save the weights alone",
      ],
      ["file_cut.pth", "not a valid file of torch.save"],
    ]
  ) await assertRejects(() => readTorchWeights(fixture(name)), InputError, advice);
});

Deno.test("a zip bomb is refused", () =>
  withFolder(async (folder) => {
    const path = join(folder, "bomb.pth");
    await Deno.writeFile(path, torchFile(bytesOf(pickled(state("a"))), new Uint8Array(2 ** 27)));
    await assertRejects(
      () => readTorchWeights(path),
      InputError,
      "unpacked, it has more than the allowed 64",
    );
  }));
