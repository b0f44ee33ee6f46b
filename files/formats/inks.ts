/** Pictures in inks (CMYK) as colours. */

/**
 * A channel of a pixel in inks, as PIL computes it: what its own ink leaves of light, times what black
 * leaves; both 0 to 255.
 */
export function multiplied(light: number, black: number): number {
  // Rounded from the ink, not from the light.
  const product = (255 - light) * black + 128;
  return black - (product + (product >> 8) >> 8);
}
