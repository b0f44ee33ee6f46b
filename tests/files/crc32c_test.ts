import { assertEquals } from "@std/assert";
import { crc32c } from "../../files/crc32c.ts";

// RFC 3720, appendix B.4, and the check value of the catalogue of parametrised CRC algorithms.
Deno.test("crc32c matches the examples of the standard", () => {
  const rising = Uint8Array.from({ length: 32 }, (_, i) => i);
  assertEquals(crc32c(new Uint8Array(32)), 0x8a9136aa);
  assertEquals(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43);
  assertEquals(crc32c(rising), 0x46dd794e);
  assertEquals(crc32c(rising.toReversed()), 0x113fdb5c);
  assertEquals(crc32c(new TextEncoder().encode("123456789")), 0xe3069283);
  assertEquals(crc32c(new Uint8Array()), 0);
});
