import { assertEquals, assertRejects } from "@std/assert";
import { InputError } from "../../../errors.ts";
import { decoded, reds } from "../../support/decoded.ts";

/** A file of this text, with a byte per character. */
const pnm = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));

Deno.test("PNM files are read as text and as bytes, with comments and any maximum value", async () => {
  const files: readonly [string, number[][]][] = [
    ["P1\n# bits\n3 2\n0 1 0\n110", [[255, 0, 255], [0, 0, 255]]],
    ["P2 2 # so wide\n2\n10\n0 5\n10 # white\n 11", [[0, 128], [255, 255]]],
    ["P4 9 1\n\x80\x80", [[0, ...new Array(7).fill(255), 0]]],
    ["P5 2 1 65535\n\x80\0\xff\xff", [[128, 255]]],
    ["P3 1 1 255 7 8 9", [[7]]],
  ];
  for (const [text, expected] of files) {
    const { picture, damage } = await decoded(pnm(text));
    assertEquals([reds(picture), damage], [expected, []], text);
  }
});

Deno.test("truncated PNM files are read as far as possible", async () => {
  const { picture, damage } = await decoded(pnm("P5 2 2 255\n\x05\x06\x07"));
  assertEquals(damage, ["a damaged PNM file: it is truncated at byte 14"]);
  assertEquals(reds(picture), [[5, 6], [7, 0]]);
  const text = await decoded(pnm("P2 2 2 255\n1 22 333 x"));
  assertEquals(text.damage, ["a damaged PNM file: it contains too few pixels"]);
  const refused: readonly [string, string][] = [
    ["P5 2", "it is truncated at byte 4"],
    ["P6 70000 1 255\n", "an image of 70,000 × 1 pixels"],
    ["P6 7000 7000 255\n123", "its 3 bytes cannot hold 7,000 × 7,000 pixels"],
    ["P6 7 7 70000\n123", "its largest sample is 70000"],
    ["P6 0 7 255\n123", "an image of 0 × 7 pixels"],
  ];
  for (const [text, message] of refused) {
    await assertRejects(() => decoded(pnm(text)), InputError, message);
  }
});
