// deno-lint-ignore-file no-control-regex -- bytes are no text
/**
 * Recognizes files by their first bytes: most wrong files are valid files of another kind, and the user
 * who learns which knows what to do.
 */
import { basename } from "node:path";
import { InputError } from "../errors.ts";
import { beginsAs, EXPECTED_PICTURE, NO_PICTURE, PICTURE_FORMATS } from "./picture_names.ts";

/** What a file can be wanted for. */
export type Wanted =
  | "network"
  | "onnx"
  | "torch"
  | "weights"
  | "config"
  | "picture"
  | "network or config";

/** What a file of another kind is not. */
const UNLIKE: Readonly<Record<Wanted, string>> = {
  network: "not a network in safetensors",
  onnx: "not an ONNX network",
  torch: "not written by torch.save",
  weights: "not a weights file",
  config: "not a config in YAML",
  picture: NO_PICTURE,
  "network or config": "neither a network in safetensors nor a config in YAML",
};

/** Advice if a kind of file has none of its own. */
export const NEXT: Readonly<Record<Wanted, string>> = {
  network: "expected a checkpoint (RUN/checkpoints/best.safetensors) or a folded network " +
    "(RUN/folded/model.safetensors)",
  onnx: "expected a network exported to ONNX",
  torch: "expected a file written by torch.save (PyTorch)",
  weights: "expected weights: safetensors, a PyTorch file (.pth, .pt, .ckpt), ONNX, or a " +
    "checkpoint or folded network of Overfold",
  config: "expected a config; `overfold init` writes one, with `--images PATH` for your images",
  picture: EXPECTED_PICTURE,
  "network or config": "expected a checkpoint, a folded network or a config",
};

/** A kind of file. */
interface Kind {
  /** With its article. */
  readonly what: string;
  /** Advice: one for everything, or by what was wanted. */
  readonly next?: string | Partial<Readonly<Record<Wanted, string>>>;
  /** What it may be readable as, where it is not refused. */
  readonly fits?: Wanted;
  /** Whether it is an image, supported or not. */
  readonly isPicture?: true;
  /** Whether the file is of this kind, given its first bytes as characters. */
  is(head: string): boolean;
}

/** Bytes inspected. */
export const HEAD_BYTES = 4096;

const TORCH_NEXT = "make a checkpoint of it: overfold import FILE --config CONFIG";
const UNPACK = "unpack it and name the file in it";
const NETWORK_FIRST = "the network comes before the images: overfold predict CHECKPOINT IMAGE…";
const PICTURE: Pick<Kind, "next" | "fits" | "isPicture"> = {
  next: { network: NETWORK_FIRST },
  fits: "picture",
  isPicture: true,
};

/** Unsupported images, by their first bytes. */
const STRANGE_PICTURES: readonly (readonly [what: string, beginning: RegExp])[] = [
  ["an AVIF image", /^[^]{4}ftypavi/],
  ["a HEIC image", /^[^]{4}ftyp(he|mi)/],
  ["a JPEG XL image", /^(\xff\x0a|\0{3}\x0cJXL )/],
  ["a JPEG 2000 image", /^\0{3}\x0cjP/],
  ["a BigTIFF image", /^(II\+\0|MM\0\+)/],
  ["an icon", /^\0\0\x01\0/],
  ["a Photoshop image", /^8BPS/],
  ["an SVG image", /^<svg/],
];

const begins = (...signatures: readonly string[]) => (head: string) =>
  signatures.some((signature) => head.startsWith(signature));

/** A file named by `temporaryPath`, recognized by its name regardless of its contents. */
const LEFTOVER: Kind = {
  what: "the remains of an interrupted write (.tmp)",
  next: "it is incomplete and may be deleted; name the complete file instead",
  is: () => true,
};

/** Text in UTF-8 or one of the encodings before it. */
const isText = (head: string) => /^[\t\n\f\r\x20-\x7e\x80-\xff]+$/.test(head);

const textWith = (pattern: RegExp) => (head: string) => isText(head) && pattern.test(head);

/** The first match decides. */
const KINDS: readonly Kind[] = [
  { what: "an empty file", next: "fetch or make it again", is: (head) => head === "" },
  {
    what: "a safetensors file",
    next: {
      onnx: "give it a name that ends in .safetensors",
      config: "`overfold inspect` shows its contents; resume a run with: " +
        "overfold train CONFIG --resume",
      picture: NETWORK_FIRST,
    },
    fits: "network",
    // A length below 4 GiB, then JSON: tested before kinds whose first bytes could be a length.
    is: (head) => /^[^]{4}\0{4}\{/.test(head),
  },
  {
    what: "a file of zeros",
    next: "the program that wrote it did not finish; fetch or make it again",
    is: (head) => /^\0+$/.test(head),
  },
  {
    what: "a pointer of Git LFS",
    next: "it stands for the file itself; fetch that with `git lfs pull`",
    is: begins("version https://git-lfs.github.com/spec/"),
  },
  {
    what: "a web page (HTML)",
    next: "the download was a page about the file; fetch the file itself",
    is: textWith(/^[\s\xef\xbb\xbf]*<(!doctype|html|head|\?xml|!--)/i),
  },
  {
    what: "a pickle, as written by torch.save (PyTorch)",
    next: { network: TORCH_NEXT, "network or config": TORCH_NEXT, onnx: TORCH_NEXT },
    fits: "torch",
    // A pickle, or a zip archive that begins with one.
    is: (head) => /^\x80[\x02-\x05]/.test(head) || /^PK\x03\x04[^]*\/data\.pkl/.test(head),
  },
  {
    what: "an HDF5 file (Keras, h5py)",
    next: "convert its arrays to safetensors, named as in PyTorch, then: overfold import",
    is: begins("\x89HDF\r\n\x1a\n"),
  },
  // It may be a file of torch.save that another program repacked.
  { what: "a zip archive", next: UNPACK, fits: "torch", is: begins("PK\x03\x04", "PK\x05\x06") },
  {
    what: "a compressed file",
    next: UNPACK,
    is: begins("\x1f\x8b", "\xfd7zXZ\0", "BZh", "\x28\xb5\x2f\xfd", "7z\xbc\xaf", "Rar!"),
  },
  { what: "a tar archive", next: UNPACK, is: (head) => head.startsWith("ustar", 257) },
  ...PICTURE_FORMATS.map((format): Kind => ({
    what: `a ${format} image`,
    ...PICTURE,
    is: (head) => beginsAs(head, format),
  })),
  ...STRANGE_PICTURES.map(([what, beginning]): Kind => ({
    what,
    next: { network: NETWORK_FIRST, picture: "convert it to PNG or JPEG" },
    isPicture: true,
    is: (head) => beginning.test(head),
  })),
  {
    what: "a NumPy file",
    next: "convert its arrays to safetensors, named as in PyTorch, then: overfold import",
    is: begins("\x93NUMPY"),
  },
  { what: "a PDF document", is: begins("%PDF") },
  {
    what: "a model for another program (GGUF, TensorFlow Lite)",
    is: (head) => head.startsWith("GGUF") || head.startsWith("TFL3", 4),
  },
  {
    what: "an ONNX file",
    next: "make a checkpoint of it: overfold import FILE.onnx --config CONFIG",
    fits: "onnx",
    // The format's version, then the producer's name or the graph.
    is: (head) => /^\x08[\x01-\x1f][\x12\x1a\x22\x32\x3a\x42]/.test(head),
  },
  {
    what: "the index of a network in several files",
    next:
      "join them in Python: merge the dicts that safetensors.torch.load_file returns for each into one " +
      "for safetensors.torch.save_file",
    is: textWith(/^\s*\{[^]*"weight_map"/),
  },
  { what: "a JSON file", fits: "config", is: textWith(/^\s*[{[]/) },
  {
    what: "a config",
    next: {
      network: "train it first: overfold train CONFIG; `overfold import` takes it with --config",
    },
    fits: "config",
    is: textWith(/^(data|model|training):/m),
  },
  { what: "a text file", fits: "config", is: isText },
];

/**
 * The error for a file `path` whose contents are clearly of another kind than wanted: an InputError that
 * names the kind and what to do. Undefined if the kind is unknown or fits.
 */
export function otherKind(
  path: string,
  bytes: Uint8Array,
  wanted: Wanted,
): InputError | undefined {
  const isLeftover = /^\..+\.tmp$/.test(basename(path));
  return unlike(path, isLeftover ? LEFTOVER : kindOf(bytes), wanted);
}

/** The kind of a file with these contents, if known. */
export function kindOf(bytes: Uint8Array): Kind | undefined {
  const head = String.fromCharCode(...bytes.subarray(0, HEAD_BYTES));
  return KINDS.find((kind) => kind.is(head));
}

/** Like {@link otherKind}, for a known kind. */
export function unlike(
  path: string,
  kind: Kind | undefined,
  wanted: Wanted,
): InputError | undefined {
  if (!kind || kind.fits === wanted) return undefined;
  const next = typeof kind.next === "string" ? kind.next : kind.next?.[wanted];
  return new InputError(
    `${path}: this is ${kind.what}, ${UNLIKE[wanted]}; ${next ?? NEXT[wanted]}`,
  );
}
