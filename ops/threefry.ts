/**
 * Threefry-2x32 with 20 rounds: a counter-based random number generator. The same key and counter
 * give the same number on every backend and in any order. (Salmon et al., "Parallel random numbers:
 * as easy as 1, 2, 3", SC 2011.)
 */

/** Left rotations of the rounds; every fourth round a part of the key is added. */
export const THREEFRY_ROTATIONS = [13, 15, 26, 6, 17, 29, 16, 24] as const;
/** What the third word of the key schedule begins with. */
export const THREEFRY_PARITY = 0x1bd11bda;

/** Two random words (unsigned 32-bit) for a key and a counter of two 32-bit words each. */
export function threefry2x32(
  key: readonly [number, number],
  counter: readonly [number, number],
): [number, number] {
  const schedule = [key[0], key[1], THREEFRY_PARITY ^ key[0] ^ key[1]];
  let x = (counter[0] + schedule[0]) | 0;
  let y = (counter[1] + schedule[1]) | 0;
  for (let round = 0; round < 20; round++) {
    const rotation = THREEFRY_ROTATIONS[round % 8];
    x = (x + y) | 0;
    y = ((y << rotation) | (y >>> (32 - rotation))) ^ x;
    if (round % 4 === 3) {
      const injection = (round + 1) / 4;
      x = (x + schedule[injection % 3]) | 0;
      y = (y + schedule[(injection + 1) % 3] + injection) | 0;
    }
  }
  return [x >>> 0, y >>> 0];
}
