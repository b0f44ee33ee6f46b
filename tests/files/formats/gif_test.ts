import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { InputError } from "../../../errors.ts";
import { alphas, decoded, patched, pictureFixture, reds } from "../../support/decoded.ts";

Deno.test("pixels outside a GIF's first frame are transparent", async () => {
  const { picture } = await decoded(await pictureFixture("gif_offset_frame.gif"));
  const rows = alphas(picture);
  const inside = rows.flatMap((row, y) => row.flatMap((alpha, x) => alpha ? [[x, y]] : []));
  assertEquals([Math.min(...inside.map(([x]) => x)) > 0, inside.length > 0], [true, true]);
  assertEquals(rows.flat().every((alpha) => alpha === 0 || alpha === 255), true);
});

Deno.test("a GIF's transparent colour gives transparent pixels", async () => {
  const { picture } = await decoded(await pictureFixture("gif_transparent.gif"));
  const seen = new Set(alphas(picture).flat());
  assertEquals(seen, new Set([0, 255]));
});

Deno.test("a truncated GIF, or one with invalid codes, is read as far as possible", async () => {
  const whole = await pictureFixture("gif_static.gif");
  const sound = reds((await decoded(whole)).picture);
  const cut = await decoded(whole.slice(0, -300));
  assertEquals(cut.damage, [`a damaged GIF file: it is truncated at byte ${whole.length - 300}`]);
  assertEquals(reds(cut.picture).slice(0, 5), sound.slice(0, 5));
  // All ones: an invalid code.
  const { damage, picture } = await decoded(patched(whole, whole.length - 300, 255, 255, 255, 255));
  assertEquals(damage, ["a damaged GIF file: it contains too few pixels"]);
  assertEquals(reds(picture).slice(0, 5), sound.slice(0, 5));
  for (const length of [12, 100]) {
    const error = await assertRejects(() => decoded(whole.slice(0, length)), InputError);
    assertStringIncludes(error.message, `it is truncated at byte ${length}`);
  }
});

Deno.test("a GIF frame larger than its bytes can hold is rejected", async () => {
  const file = await pictureFixture("gif_1x1.gif");
  const frame = file.lastIndexOf(0x2c);
  const refused: readonly [Uint8Array<ArrayBuffer>, string][] = [
    [patched(file, frame + 5, 0, 16, 0, 16), "bytes cannot hold 4,096 × 4,096 pixels"],
    [patched(file, frame + 5, 255, 255, 255, 255), "an image of 65,535 × 65,535 pixels"],
    [patched(file, 6, 255, 255, 255, 255), "an image of 65,535 × 65,535 pixels"],
    [patched(file, frame + 5, 0, 0), "an image of 0 × 1 pixels"],
    [patched(file, frame, 0x77), `there is no block at byte ${frame}`],
    [patched(file, frame + 10, 12), "codes of 12 bits"],
  ];
  for (const [bytes, message] of refused) {
    await assertRejects(() => decoded(bytes), InputError, message);
  }
});
