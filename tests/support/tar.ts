/** Tar archives for tests. */
import { packTar, type TarEntry } from "npm:modern-tar@0.8.6";

/** An archive of these files, in order; text is encoded as UTF-8. */
export function tarOf(
  files: Readonly<Record<string, Uint8Array | string>>,
): Promise<Uint8Array<ArrayBuffer>> {
  return packTar(
    Object.entries(files).map(([name, content]): TarEntry => {
      const body = typeof content === "string" ? new TextEncoder().encode(content) : content;
      return { header: { name, size: body.length }, body };
    }),
  );
}

/** Writes a header's checksum into it. */
export function repairSum(header: Uint8Array): void {
  header.fill(0x20, 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.set(new TextEncoder().encode(`${sum.toString(8).padStart(6, "0")}\0 `), 148);
}
