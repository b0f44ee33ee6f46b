import { assert, assertEquals, assertThrows } from "@std/assert";
import { OPAQUE, PickleError, unpickle, type Vocabulary } from "../../../files/formats/pickle.ts";

const VOCABULARY: Vocabulary = {
  named: (name) =>
    name === "a.pair"
      ? { call: ([first, second]) => ({ first, second }) }
      : name === "a.other"
      ? OPAQUE
      : undefined,
  persistent: (id) => ({ id }),
};

const bytesOf = (letters: string) => Uint8Array.from(letters, (letter) => letter.charCodeAt(0));
const valueOf = (letters: string) => unpickle(bytesOf(letters), VOCABULARY).value;

/** Pickles, with a letter per byte, and their values. */
const VALUES: readonly (readonly [letters: string, value: unknown])[] = [
  // As Python's pickle module writes them, protocol 0 first.
  ["(lp0\nI1\naI01\naL-5L\naF1.5\naNa.", [1, true, -5, 1.5, null]],
  ["(dp0\nVa\\u00e4\np1\n(I1\nI2\ntp2\ns.", new Map([["a\u00e4", [1, 2]]])],
  ["S'it\\'s \\x41\\n'\n.", bytesOf("it's A\n")],
  ["]q\x00(K\x01M\x02\x01J\xff\xff\xff\xffG?\xf8\0\0\0\0\0\0e.", [1, 258, -1, 1.5]],
  ["\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.", 0x1950a86a20f9469cfc6cn],
  ["\x80\x02\x8a\x00.", 0],
  ["\x80\x02}q\x00(U\x01aK\x01X\x01\0\0\0bK\x02u.", new Map([["a", 1], ["b", 2]])],
  ["\x80\x04\x95\x09\0\0\0\0\0\0\0\x8c\x01x\x94h\x00\x86\x94.", ["x", "x"]],
  ["\x80\x04\x8f\x94(K\x01K\x02\x90.", OPAQUE],
  ["\x80\x04(K\x01\x91.", OPAQUE],
  ["\x80\x05\x96\x02\0\0\0\0\0\0\0ab.", bytesOf("ab")],
  ["\x80\x02K\x012\x86.", [1, 1]],
  ["\x80\x02K\x01(K\x02K\x031.", 1],
  // Globals, used in every possible way.
  ["\x80\x02ca\npair\nK\x01K\x02\x86R.", { first: 1, second: 2 }],
  ["\x80\x02ca\npair\nK\x01K\x02\x86\x81.", { first: 1, second: 2 }],
  ["\x80\x04\x8c\x01a\x8c\x04pair\x93K\x01\x85}\x92.", { first: 1, second: undefined }],
  ["(ca\npair\nI1\nI2\no.", { first: 1, second: 2 }],
  ["(I1\nI2\nia\npair\n.", { first: 1, second: 2 }],
  ["\x80\x02ca\nother\n)\x81}U\x01aK\x01sb.", OPAQUE],
  ["\x80\x02K\x07Q.", { id: 7 }],
  ["Pseven\n.", { id: "seven" }],
];

for (const [letters, value] of VALUES) {
  Deno.test(`unpickle reads ${JSON.stringify(letters)}`, () => {
    assertEquals(valueOf(letters), value);
  });
}

Deno.test("globals outside the vocabulary are rejected by name, called or not", () => {
  for (
    const letters of [
      "cos\nsystem\n.",
      "\x80\x04\x8c\x02os\x8c\x06system\x93.",
      "(S'ls'\nios\nsystem\n.",
      "(cos\nsystem\nS'ls'\no.",
      "\x80\x02cos\nsystem\nU\x02ls\x85R.",
    ]
  ) {
    const error = assertThrows(() => valueOf(letters), PickleError);
    assertEquals([error.message, error.unknown], ["it uses os.system", "os.system"]);
  }
});

Deno.test("unpickle returns the end, so that another pickle may follow", () => {
  const bytes = bytesOf("\x80\x02K\x01.\x80\x02K\x02.");
  const { value, end } = unpickle(bytes, VOCABULARY);
  assertEquals([value, end], [1, 5]);
  assertEquals(unpickle(bytes.subarray(end), VOCABULARY).value, 2);
});

Deno.test("damaged and endless pickles are rejected", () => {
  const damaged: readonly (readonly [letters: string, reason: string])[] = [
    ["K", "it ends early"],
    ["X\xff\xff\xff\xffab.", "it ends early"],
    ["\x8e\xff\xff\xff\xff\xff\xff\xff\xffab.", "it ends early"],
    ["I12", "it ends early"],
    ["Ione\n.", "malformed or overlong"],
    ["L" + "9".repeat(300) + "L\n.", "malformed or overlong"],
    ["h\x05.", "a memo entry that was never written"],
    ["(K\x01d.", "a value is missing"],
    ["Sunquoted\n.", "without quotes"],
    ["\x97.", "the operation 0x97"],
  ];
  for (const [letters, reason] of damaged) {
    assert(assertThrows(() => valueOf(letters), PickleError).message.includes(reason), letters);
  }
});

Deno.test("a pickle with too many values is rejected before memory is allocated", () => {
  for (const member of ["]", "}", "K\x01", ")", "U\x00"]) {
    const letters = "(" + member.repeat(2 ** 22 + 1) + "l.";
    assert(
      assertThrows(() => valueOf(letters), PickleError).message.includes("more values"),
      member,
    );
  }
});
