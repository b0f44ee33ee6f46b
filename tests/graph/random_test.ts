import { assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../errors.ts";
import { randomSource, RandomStream, STREAM, threefry2x32 } from "../../graph/random.ts";

Deno.test("Threefry-2x32-20 gives the published test vectors", () => {
  // The kat_vectors file of the authors' Random123 distribution.
  const answers: [number[], number[], number[]][] = [
    [[0, 0], [0, 0], [0x6b200159, 0x99ba4efe]],
    [[0xffffffff, 0xffffffff], [0xffffffff, 0xffffffff], [0x1cb996fc, 0xbb002be7]],
    [[0x243f6a88, 0x85a308d3], [0x13198a2e, 0x03707344], [0xc4923a9c, 0x483df7a0]],
  ];
  const out = new Uint32Array(2);
  for (const [counter, key, expected] of answers) {
    threefry2x32(counter[0], counter[1], key[0], key[1], out);
    assertEquals([...out], expected);
  }
});

Deno.test("a stream repeats for the same key and differs when any part of the key does", () => {
  const draw = (seed: number, stream: number, epoch: number, sample: number) => {
    const random = new RandomStream({ seed, stream, epoch, sample });
    return Array.from({ length: 5 }, () => random.uint32()).join();
  };
  assertEquals(draw(1, 2, 3, 4), draw(1, 2, 3, 4));
  const all = [
    draw(1, 2, 3, 4),
    draw(1 + 2 ** 40, 2, 3, 4),
    draw(2, 2, 3, 4),
    draw(1, 3, 3, 4),
    draw(1, 2, 4, 4),
    draw(1, 2, 3, 5),
  ];
  assertEquals(new Set(all).size, all.length);
});

Deno.test("uniform, normal and integer draws have the right moments and ranges", () => {
  const random = new RandomStream({ seed: 7, stream: STREAM.initialization });
  const n = 20000;
  let uniform = 0, normal = 0, square = 0;
  const faces = new Array(6).fill(0);
  for (let i = 0; i < n; i++) {
    const u = random.uniform();
    if (u < 0 || u >= 1) throw new Error(`uniform gave ${u}`);
    uniform += u / n;
    const z = random.normal();
    normal += z / n;
    square += z * z / n;
    faces[random.integer(6)] += 6 / n;
  }
  const near = (found: number, expected: number) =>
    assertEquals(Math.abs(found - expected) < 0.05, true, `${found} is not near ${expected}`);
  near(uniform, 0.5);
  near(normal, 0);
  near(square, 1);
  for (const face of faces) near(face, 1);
});

Deno.test("a permutation contains every index once and is not the identity", () => {
  const order = new RandomStream({ seed: 0, stream: STREAM.shuffle }).permutation(1000);
  assertEquals([...order].sort((a, b) => a - b), Array.from({ length: 1000 }, (_, i) => i));
  assertEquals(order.every((index, i) => index === i), false);
});

Deno.test("a seed that is no integer is refused", () => {
  for (const seed of [-1, 0.5, NaN, 2 ** 53]) {
    assertThrows(() => new RandomStream({ seed, stream: 0 }), InputError, "seed is");
  }
});

Deno.test("a tensor's numbers depend on the module's path and how many were drawn before", () => {
  const first = (path: string, drawn: number) => randomSource(3, path, drawn).uniform();
  assertEquals(first("layer1.conv", 0), first("layer1.conv", 0));
  const all = [first("layer1.conv", 0), first("layer2.conv", 0), first("layer1.conv", 1)];
  assertEquals(new Set(all).size, all.length);
});
