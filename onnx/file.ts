/** ONNX files on disk, and the separate files in which exporters store large weights. */
import { dirname, join } from "node:path";
import { InputError } from "../errors.ts";
import { otherKind } from "../files/kind_of_file.ts";
import { nextBytes, readWanted } from "../files/read_wanted.ts";
import type { OnnxTensors } from "./names.ts";
import { parseOnnxTensors } from "./read.ts";
import type { ExternalData } from "./tensor.ts";

/**
 * The floating-point tensors of the ONNX file `path` by name. Throws InputError for a file that is of
 * another kind or damaged, and for external weights outside the ONNX file's folder.
 */
export async function readOnnxTensors(path: string): Promise<OnnxTensors> {
  const bytes = await readWanted(path, "onnx");
  const read = new Map<string, number>();
  try {
    return await parseOnnxTensors(
      bytes,
      path,
      (data, tensor) => readBeside(path, data, tensor, read),
    );
  } catch (error) {
    throw (error instanceof InputError && otherKind(path, bytes, "onnx")) || error;
  }
}

/**
 * Reads external data. An ONNX file is untrusted, so the name must be that of a plain file in the same
 * folder, and no more bytes are read from a file in total than it has.
 *
 * @param read the number of bytes read so far from each file
 */
async function readBeside(
  path: string,
  { location, offset, length }: ExternalData,
  tensor: string,
  read: Map<string, number>,
): Promise<Uint8Array> {
  const fail = (problem: string): never => {
    throw new InputError(
      `${path}: the numbers of the tensor "${tensor}" are in ${
        JSON.stringify(location)
      }, ${problem}`,
    );
  };
  if (!/^[^/\\:\0]+$/.test(location) || location === "." || location === "..") {
    fail("which is not the name of a file in its folder; save the model as one file");
  }
  const place = join(dirname(path), location);
  const info = await Deno.lstat(place).catch(() =>
    fail("which is missing: both files are needed, in one folder; or save the model as one file")
  );
  if (!info.isFile) fail("which is not a regular file; put the file itself there");
  const sum = (read.get(location) ?? 0) + length;
  if (offset + length > info.size || sum > info.size) {
    fail(`which has ${info.size} bytes: too few; fetch or export both files again`);
  }
  read.set(location, sum);
  using file = await Deno.open(place);
  await file.seek(offset, Deno.SeekMode.Start);
  const bytes = await nextBytes(file, length);
  if (bytes.length < length) fail("which was truncated during reading; try again");
  return bytes;
}
