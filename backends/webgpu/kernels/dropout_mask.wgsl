fn rotated(x: u32, by: u32) -> u32 {
  return (x << by) | (x >> (32u - by));
}

// Four rounds: each adds the second word to the first, rotates it and mixes it with the sum.
fn rounds(words: vec2<u32>, turns: vec4<u32>) -> vec2<u32> {
  var x = words.x + words.y;
  var y = rotated(words.y, turns.x) ^ x;
  x += y;
  y = rotated(y, turns.y) ^ x;
  x += y;
  y = rotated(y, turns.z) ^ x;
  x += y;
  y = rotated(y, turns.w) ^ x;
  return vec2<u32>(x, y);
}

// The first word of Threefry-2x32-20.
fn threefry(counter: vec2<u32>, key: vec2<u32>) -> u32 {
  let third = 0x1bd11bdau ^ key.x ^ key.y;
  let even = vec4<u32>(13, 15, 26, 6);
  let odd = vec4<u32>(17, 29, 16, 24);
  var words = rounds(counter + key, even) + vec2<u32>(key.y, third + 1);
  words = rounds(words, odd) + vec2<u32>(third, key.x + 2);
  words = rounds(words, even) + vec2<u32>(key.x, key.y + 3);
  words = rounds(words, odd) + vec2<u32>(key.y, third + 4);
  return rounds(words, even).x + third;
}

fn item(i: u32) {
  let word = threefry(vec2<u32>(i, 0), vec2<u32>(bitcast<u32>(step(0)), STREAM));
  storeMask(i, select(KEPT, 0.0f, (word >> 8u) < DROP_THRESHOLD));
}
