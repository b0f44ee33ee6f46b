import { assertEquals, assertThrows } from "@std/assert";
import { pictureView } from "../../datasets/picture_view.ts";
import { InputError } from "../../errors.ts";
import { fit } from "../../files/pixels.ts";
import { crop, emptyRaster } from "../../files/raster.ts";

const input = { height: 4, width: 4 };

Deno.test("a picture is shown to a network as what it was measured on", () => {
  const picture = emptyRaster(8, 12, 3);
  picture.data.forEach((_, i) => picture.data[i] = i * 5 % 256);
  assertEquals(pictureView({ input })(picture), fit(picture, input));
  const transforms = [{ name: "center_crop", size: 4 }] as const;
  assertEquals(
    pictureView({ input, transforms })(picture),
    crop(picture, { top: 2, left: 4, height: 4, width: 4 }),
  );
});

Deno.test("transforms of a network that do not fit it are refused", () => {
  const refused = [[[{ name: "fit", size: 5 }], "it takes 4x4"], [["horizontal_flip"], "draws"], [
    [{ name: "resize", size: 4e9 }],
    "size: found",
  ], [[{ name: "resize", size: 9 }], "of 9x9"]] as const;
  for (const [transforms, message] of refused) {
    assertThrows(
      () => pictureView({ input, transforms: transforms as never }),
      InputError,
      message,
    );
  }
});

Deno.test("a picture that transforms leave at a size of its own is cut to the network's", () => {
  const view = pictureView({ input, transforms: [{ name: "resize", size: 4 }] });
  const { height, width } = view(emptyRaster(8, 20, 1));
  assertEquals({ height, width }, input);
});
