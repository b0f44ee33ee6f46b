import { assertEquals, assertRejects } from "@std/assert";
import { InputError } from "../../../errors.ts";
import { alphas, decoded, patched, pictureFixture } from "../../support/decoded.ts";

Deno.test("transparent WebP pixels keep their alpha", async () => {
  const { picture } = await decoded(await pictureFixture("webp_lossless_alpha.webp"));
  assertEquals(new Set(alphas(picture).flat()).size > 1, true);
  const { picture: animated } = await decoded(await pictureFixture("webp_animated_offset.webp"));
  assertEquals(new Set(alphas(animated).flat()), new Set([0, 255]));
});

Deno.test("damaged WebP files are rejected, and do not affect later ones", async () => {
  const whole = await pictureFixture("webp_lossless.webp");
  const sound = await decoded(whole);
  const broken = patched(whole, 60, ...new Array(200).fill(255));
  for (let i = 0; i < 40; i++) {
    await assertRejects(() => decoded(broken), InputError, "its compressed pixels are corrupt");
  }
  assertEquals(await decoded(whole), sound);
  for (const length of [15, whole.length - 1]) {
    const cut = whole.slice(0, length);
    await assertRejects(() => decoded(cut), InputError, `it is truncated at byte ${length}`);
  }
});

Deno.test("WebP files with impossible headers are rejected before decoding", async () => {
  const animated = await pictureFixture("webp_animated_offset.webp");
  const text = new TextDecoder("latin1").decode(animated);
  const [canvas, frame] = [text.indexOf("VP8X") + 12, text.indexOf("ANMF") + 8];
  const refused: readonly [Uint8Array<ArrayBuffer>, string][] = [
    [patched(animated, canvas, 255, 255, 255), "an image of 16,777,216 × 26 pixels"],
    [patched(animated, canvas, 255, 250, 0, 255, 250, 0), "an image of 64,256 × 64,256 pixels"],
    [patched(animated, frame, 200), "its first frame lies outside the image"],
    [patched(animated, frame + 6, 3), "its first frame does not have the size in its header"],
  ];
  for (const [bytes, message] of refused) {
    await assertRejects(() => decoded(bytes), InputError, message);
  }
  const nothing = patched(await pictureFixture("webp_lossless.webp"), 12, 0x58, 0x58, 0x58, 0x58);
  await assertRejects(() => decoded(nothing), InputError, "nothing in it gives the image");
});
