/**
 * The entries of a tar archive and the locations of their contents, which are not read: POSIX's ustar and
 * pax, GNU's format and that of Unix version 7.
 */
import { InputError } from "../../errors.ts";
import type { FileWindow } from "../../files/window.ts";
import { abridged } from "../../reporting/format.ts";

/** An entry of an archive. */
export interface TarEntry {
  readonly name: string;
  /** `file`, or another kind such as `link`. */
  readonly kind: string;
  /** Offset of its contents in the archive. */
  readonly offset: number;
  readonly size: number;
}

const BLOCK = 512;
/** Most bytes of a name, which no system exceeds. */
const MAX_NAME_BYTES = 4096;
/** Most bytes of an entry's extended metadata. */
const MAX_EXTENSION_BYTES = 2 ** 16;

/** Kinds of entries by type flag. */
const KINDS: Readonly<Record<string, string>> = {
  "\0": "file",
  "0": "file",
  "7": "file",
  "1": "link",
  "2": "link",
  "3": "device",
  "4": "device",
  "5": "folder",
  "6": "pipe",
};

/** Entries that describe the next one: GNU's long name or link, or pax's attributes. */
const EXTENDING = "LKxg";

/** Metadata of the following entry. */
interface Extension {
  readonly name?: string;
  readonly size?: number;
}

/**
 * The entries, in order. Throws InputError, which does not name the archive, if it is damaged, truncated or
 * of an unsupported kind (multi-volume archives, sparse files).
 */
export function* tarEntries(file: FileWindow): Generator<TarEntry> {
  let extension: Extension = {};
  for (let at = 0; at < file.size;) {
    const header = file.at(at, BLOCK);
    if (header.length < BLOCK) throw cutOff(at);
    if (header[0] === 0 && header.every((byte) => byte === 0)) return;
    checkSum(header, at);
    const letter = String.fromCharCode(header[156]);
    const own = numberIn(header, 124, 12, at);
    const size = EXTENDING.includes(letter) ? own : extension.size ?? own;
    const name = extension.name ?? nameIn(header, at);
    const offset = at + BLOCK;
    if (size > file.size - offset) throw cutOff(at);
    if (letter === "M" || letter === "S") {
      throw new InputError(
        `${shown(name)} is ${letter === "M" ? "part of a file in several archives" : "sparse"}, ` +
          "which is not supported; pack the files again",
      );
    }
    if (letter === "L" || letter === "x") {
      if (size > MAX_EXTENSION_BYTES) {
        throw damaged(
          at,
          `${size} bytes of metadata for one entry, expected at most ${MAX_EXTENSION_BYTES}`,
        );
      }
      const bytes = file.at(offset, size);
      extension = {
        ...extension,
        ...(letter === "L" ? { name: textIn(bytes, at) } : paxExtension(bytes, at)),
      };
    } else if (!EXTENDING.includes(letter)) {
      yield { name, kind: KINDS[letter] ?? "entry of another kind", offset, size };
      extension = {};
    }
    at = offset + Math.ceil(size / BLOCK) * BLOCK;
  }
}

/** The sum of a header's bytes, with spaces in its checksum field. */
function checkSum(header: Uint8Array, at: number): void {
  let sum = 0;
  for (let i = 0; i < BLOCK; i++) sum += i >= 148 && i < 156 ? 32 : header[i];
  if (sum !== numberIn(header, 148, 8, at)) {
    throw damaged(at, "a header whose checksum does not match");
  }
}

/** A number in octal digits or, if its first bit is set, in binary. */
function numberIn(header: Uint8Array, from: number, length: number, at: number): number {
  const field = header.subarray(from, from + length);
  if (field[0] & 0x80) {
    const value = field.subarray(1).reduce((sum, byte) => 256 * sum + byte, field[0] & 0x7f);
    if (Number.isSafeInteger(value)) return value;
  } else {
    const text = new TextDecoder().decode(field).replace(/^ +/, "").replace(/[\0 ].*$/s, "");
    if (/^[0-7]*$/.test(text)) return text === "" ? 0 : parseInt(text, 8);
  }
  throw damaged(at, "a header with an invalid number");
}

function nameIn(header: Uint8Array, at: number): string {
  const name = textIn(header.subarray(0, 100), at);
  // GNU's headers have timestamps instead of a prefix.
  const isPosix = textIn(header.subarray(257, 263), at) === "ustar";
  const prefix = isPosix ? textIn(header.subarray(345, 500), at) : "";
  return prefix === "" ? name : `${prefix}/${name}`;
}

/** Text up to a zero byte. */
function textIn(bytes: Uint8Array, at: number): string {
  const end = bytes.indexOf(0);
  const text = end < 0 ? bytes : bytes.subarray(0, end);
  if (text.length > MAX_NAME_BYTES) throw damaged(at, `a name of ${text.length} bytes`);
  return new TextDecoder().decode(text);
}

/** Records such as `18 path=a/b.jpg` and a line feed, each starting with its length. */
function paxExtension(bytes: Uint8Array, at: number): Extension {
  const extension: { name?: string; size?: number } = {};
  for (let from = 0; from < bytes.length;) {
    const blank = bytes.indexOf(32, from);
    const digits = new TextDecoder().decode(bytes.subarray(from, Math.max(from, blank)));
    const length = /^[1-9]\d{0,6}$/.test(digits) ? Number(digits) : 0;
    const end = from + length;
    if (end <= blank + 1 || end > bytes.length || bytes[end - 1] !== 10) {
      throw damaged(at, "invalid attributes");
    }
    const record = bytes.subarray(blank + 1, end - 1);
    const equals = record.indexOf(61);
    const key = new TextDecoder().decode(record.subarray(0, Math.max(0, equals)));
    const value = record.subarray(equals + 1);
    if (key.startsWith("GNU.sparse.")) {
      throw new InputError(
        "it contains a sparse file, which is not supported; pack the files again",
      );
    }
    if (key === "path") extension.name = textIn(value, at);
    if (key === "size") {
      const text = new TextDecoder().decode(value);
      if (!/^\d{1,15}$/.test(text)) throw damaged(at, "an invalid size");
      extension.size = Number(text);
    }
    from = end;
  }
  return extension;
}

function cutOff(at: number): InputError {
  return damaged(at, "a truncated entry");
}

function damaged(at: number, what: string): InputError {
  if (at === 0) return new InputError("not a tar archive, or its beginning is damaged");
  return new InputError(`it is damaged: at byte ${at}: ${what}; get a new copy`);
}

function shown(name: string): string {
  return abridged(JSON.stringify(name), 100);
}
