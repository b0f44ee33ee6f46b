import { assertEquals } from "@std/assert";
import { gzipSync } from "node:zlib";
import { gunzip } from "../../files/gunzip.ts";

Deno.test("gunzip yields bounded chunks, whatever the compression ratio", async () => {
  const plain = new Uint8Array(2 ** 26);
  plain[plain.length - 1] = 7;
  const packed = new Uint8Array(gzipSync(plain));
  let [length, largest, last] = [0, 0, 0];
  for await (const chunk of gunzip(new Blob([packed]).stream())) {
    length += chunk.length;
    largest = Math.max(largest, chunk.length);
    last = chunk[chunk.length - 1];
  }
  assertEquals([length, last], [plain.length, 7]);
  assertEquals(largest < 2 ** 25, true, `${largest} bytes at once`);
});
