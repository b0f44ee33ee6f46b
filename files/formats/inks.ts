/** Converts inks (CMYK) to colours. */

/**
 * A colour channel of a CMYK pixel, as PIL computes it: the light left by its ink times the light left by
 * black; all 0 to 255.
 */
export function multiplied(light: number, black: number): number {
  // Rounds the ink, not the light.
  const product = (255 - light) * black + 128;
  return black - (product + (product >> 8) >> 8);
}
