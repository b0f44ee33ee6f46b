import { assertEquals } from "@std/assert";
import { Encoder, Label } from "../../../../../backends/wasm/native/x86/encoder.ts";
import { V } from "../../../../../backends/wasm/native/x86/opcodes.ts";
import { GENERAL } from "../../../../../backends/wasm/native/x86/operands.ts";

const { rax, rcx, rbx, rsp, rsi, rdi, r8, r9, r10, r11, r15 } = GENERAL;

/** Instructions in Intel's syntax, their bytes by GNU as 2.40, and the encoder's calls for them. */
const CASES: readonly (readonly [text: string, bytes: string, write: (e: Encoder) => void])[] = [
  ["add eax, ecx", "01 c8", (e) => e.integer([0x01], rcx, rax)],
  [
    "lea r9d, [r12+r13]",
    "47 8d 0c 2c",
    (e) => e.integer([0x8d], r9, { base: 12, index: 13, displacement: 0 }),
  ],
  [
    "lea rax, [r15+rcx+0x80]",
    "49 8d 84 0f 80 00 00 00",
    (e) => e.integer([0x8d], rax, { base: r15, index: rcx, displacement: 128 }, { wide: true }),
  ],
  [
    "mov dword ptr [rsp+16], 7",
    "c7 44 24 10 07 00 00 00",
    (
      e,
    ) => (e.integer([0xc7], 0, { base: rsp, displacement: 16 }, { immediateBytes: 4 }),
      e.append32(7)),
  ],
  [
    "mov r10, qword ptr [rsp+8]",
    "4c 8b 54 24 08",
    (e) => e.integer([0x8b], r10, { base: rsp, displacement: 8 }, { wide: true }),
  ],
  [
    "mov rsi, qword ptr [r13+0]",
    "49 8b 75 00",
    (e) => e.integer([0x8b], rsi, { base: 13, displacement: 0 }, { wide: true }),
  ],
  [
    "imul r8d, r9d, 1000",
    "45 69 c1 e8 03 00 00",
    (e) => (e.integer([0x69], r8, r9, { immediateBytes: 4 }), e.append32(1000)),
  ],
  [
    "lock xadd dword ptr [r15+rdi+64], eax",
    "f0 41 0f c1 44 3f 40",
    (e) =>
      e.integer([0x0f, 0xc1], rax, { base: r15, index: rdi, displacement: 64 }, { prefix: 0xf0 }),
  ],
  ["sete sil", "40 0f 94 c6", (e) => e.integer([0x0f, 0x94], 0, rsi, { byteRegister: true })],
  [
    "movzx esi, sil",
    "40 0f b6 f6",
    (e) => e.integer([0x0f, 0xb6], rsi, rsi, { byteRegister: true }),
  ],
  ["push r12", "41 54", (e) => e.push(12)],
  ["pop rbx", "5b", (e) => e.pop(rbx)],
  ["vaddps xmm1, xmm2, xmm3", "c5 e8 58 cb", (e) => e.vector(V.addps, 1, 1, 2, 3)],
  ["vaddps ymm9, ymm10, ymm11", "c4 41 2c 58 cb", (e) => e.vector(V.addps, 2, 9, 10, 11)],
  ["vaddps ymm17, ymm2, ymm3", "62 e1 6c 28 58 cb", (e) => e.vector(V.addps, 2, 17, 2, 3)],
  ["vaddps zmm1, zmm2, zmm31", "62 91 6c 48 58 cf", (e) => e.vector(V.addps, 4, 1, 2, 31)],
  [
    "vmulps zmm3, zmm20, [r15+rsi+128]",
    "62 d1 5c 40 59 5c 37 02",
    (e) => e.vector(V.mulps, 4, 3, 20, { base: r15, index: rsi, displacement: 128 }),
  ],
  [
    "vmulps zmm3, zmm20, [r15+rsi+132]",
    "62 d1 5c 40 59 9c 37 84 00 00 00",
    (e) => e.vector(V.mulps, 4, 3, 20, { base: r15, index: rsi, displacement: 132 }),
  ],
  [
    "vmovups ymm4, [r15+r14+32]",
    "c4 81 7c 10 64 37 20",
    (e) => e.vector(V.movups, 2, 4, 0, { base: r15, index: 14, displacement: 32 }),
  ],
  [
    "vmovups [rsp+64], zmm5",
    "62 f1 7c 48 11 6c 24 01",
    (e) => e.vector(V.movupsStore, 4, 5, 0, { base: rsp, displacement: 64 }),
  ],
  [
    "vmovss xmm6, dword ptr [r15+4096]",
    "c4 c1 7a 10 b7 00 10 00 00",
    (e) => e.vector(V.movss, 1, 6, 0, { base: r15, displacement: 4096 }),
  ],
  [
    "vbroadcastss zmm7, dword ptr [r15+rax+508]",
    "62 d2 7d 48 18 7c 07 7f",
    (e) => e.vector(V.broadcastss, 4, 7, 0, { base: r15, index: rax, displacement: 508 }),
  ],
  [
    "vfmadd231ps zmm8, zmm9, dword ptr [r15+rbx+4]{1to16}",
    "62 52 35 58 b8 44 1f 01",
    (e) =>
      e.vector(V.fmadd, 4, 8, 9, { base: r15, index: rbx, displacement: 4 }, { broadcast: true }),
  ],
  [
    "vfmadd231ps ymm8, ymm9, [r15+rbx+4]",
    "c4 42 35 b8 44 1f 04",
    (e) => e.vector(V.fmadd, 2, 8, 9, { base: r15, index: rbx, displacement: 4 }),
  ],
  [
    "vfmadd213ps xmm12, xmm13, xmm14",
    "c4 42 11 a8 e6",
    (e) => e.vector({ ...V.fmadd, opcode: 0xa8 }, 1, 12, 13, 14),
  ],
  [
    "vfnmadd231ps zmm29, zmm30, zmm31",
    "62 02 0d 40 bc ef",
    (e) => e.vector(V.fnmadd, 4, 29, 30, 31),
  ],
  [
    "vpternlogd zmm1, zmm2, zmm3, 0xca",
    "62 f3 6d 48 25 cb ca",
    (e) => e.vector(V.ternlogd, 4, 1, 2, 3, { immediate: 0xca }),
  ],
  [
    "vcmpps k1, zmm4, zmm5, 30",
    "62 f1 5c 48 c2 cd 1e",
    (e) => e.vector(V.cmppsToMask, 4, 1, 4, 5, { immediate: 30 }),
  ],
  [
    "vcmpps ymm4, ymm5, ymm6, 30",
    "c5 d4 c2 e6 1e",
    (e) => e.vector(V.cmpps, 2, 4, 5, 6, { immediate: 30 }),
  ],
  [
    "vblendmps zmm1{k1}, zmm2, zmm3",
    "62 f2 6d 49 65 cb",
    (e) => e.vector(V.blendmps, 4, 1, 2, 3, { mask: 1 }),
  ],
  [
    "vcvttps2dq zmm1{k1}{z}, zmm2",
    "62 f1 7e c9 5b ca",
    (e) => e.vector(V.cvttps2dq, 4, 1, 0, 2, { mask: 1, zeroing: true }),
  ],
  [
    "vaddps zmm1{k1}, zmm2, zmm3",
    "62 f1 6c 49 58 cb",
    (e) => e.vector(V.addps, 4, 1, 2, 3, { mask: 1 }),
  ],
  ["vpmovm2d zmm6, k1", "62 f2 7e 48 38 f1", (e) => e.vector(V.movm2d, 4, 6, 0, 1)],
  [
    "vrangeps zmm1, zmm2, zmm3, 5",
    "62 f3 6d 48 50 cb 05",
    (e) => e.vector(V.rangeps, 4, 1, 2, 3, { immediate: 5 }),
  ],
  [
    "vextractf32x4 xmm3, zmm21, 2",
    "62 e3 7d 48 19 eb 02",
    (e) => e.vector(V.extractf128, 4, 21, 0, 3, { immediate: 2 }),
  ],
  [
    "vextractf128 xmm3, ymm1, 1",
    "c4 e3 7d 19 cb 01",
    (e) => e.vector(V.extractf128, 2, 1, 0, 3, { immediate: 1 }),
  ],
  [
    "vinsertf128 ymm1, ymm2, xmm3, 1",
    "c4 e3 6d 18 cb 01",
    (e) => e.vector(V.insertf128, 2, 1, 2, 3, { immediate: 1 }),
  ],
  [
    "vshuff32x4 zmm1, zmm2, zmm2, 0",
    "62 f3 6d 48 23 ca 00",
    (e) => e.vector(V.shuff32x4, 4, 1, 2, 2, { immediate: 0 }),
  ],
  [
    "vpermilps zmm1, zmm2, 0x1b",
    "62 f3 7d 48 04 ca 1b",
    (e) => e.vector(V.permilps, 4, 1, 0, 2, { immediate: 0x1b }),
  ],
  [
    "vpslld zmm1, zmm2, 23",
    "62 f1 75 48 72 f2 17",
    (e) => e.vector(V.pshiftd, 4, 6, 1, 2, { immediate: 23 }),
  ],
  [
    "vpsrld ymm1, ymm2, 9",
    "c5 f5 72 d2 09",
    (e) => e.vector(V.pshiftd, 2, 2, 1, 2, { immediate: 9 }),
  ],
  ["vmovd xmm9, r10d", "c4 41 79 6e ca", (e) => e.vector(V.movd, 1, 9, 0, r10)],
  ["vmovq r11, xmm3", "c4 c1 f9 7e db", (e) => e.vector(V.movqStore, 1, 3, 0, r11)],
  [
    "vpextrd eax, xmm2, 3",
    "c4 e3 79 16 d0 03",
    (e) => e.vector(V.pextrd, 1, 2, 0, rax, { immediate: 3 }),
  ],
  [
    "vpinsrd xmm1, xmm2, [r15+rcx+12], 2",
    "c4 c3 69 22 4c 0f 0c 02",
    (e) =>
      e.vector(V.pinsrd, 1, 1, 2, { base: r15, index: rcx, displacement: 12 }, { immediate: 2 }),
  ],
  [
    "vucomisd xmm1, [rsp+8]",
    "c5 f9 2e 4c 24 08",
    (e) => e.vector(V.ucomisd, 1, 1, 0, { base: rsp, displacement: 8 }),
  ],
  ["vcvtsi2sd xmm1, xmm1, ecx", "c5 f3 2a c9", (e) => e.vector(V.cvtsi2sd, 1, 1, 1, rcx)],
  ["vcvttsd2si eax, xmm2", "c5 fb 2c c2", (e) => e.vector(V.cvttsd2si, 1, rax, 0, 2)],
  [
    "vroundps ymm1, ymm2, 8",
    "c4 e3 7d 08 ca 08",
    (e) => e.vector(V.roundps, 2, 1, 0, 2, { immediate: 8 }),
  ],
  [
    "vrndscaleps zmm1, zmm2, 8",
    "62 f3 7d 48 08 ca 08",
    (e) => e.vector(V.roundps, 4, 1, 0, 2, { immediate: 8 }),
  ],
  ["vsqrtsd xmm1, xmm2, xmm3", "c5 eb 51 cb", (e) => e.vector(V.sqrtsd, 1, 1, 2, 3)],
  ["vpmovzxbw xmm1, xmm2", "c4 e2 79 30 ca", (e) => e.vector(V.pmovzxbw, 1, 1, 0, 2)],
  ["vcvtps2pd xmm1, xmm2", "c5 f8 5a ca", (e) => e.vector(V.cvtps2pd, 1, 1, 0, 2)],
];

for (const [text, bytes, write] of CASES) {
  Deno.test(`${text} is encoded as by GNU as`, () => {
    const encoder = new Encoder();
    write(encoder);
    const length = encoder.length;
    const written = [...encoder.finish().subarray(0, length)];
    assertEquals(written.map((byte) => byte.toString(16).padStart(2, "0")).join(" "), bytes);
  });
}

Deno.test("jumps reach labels before and after them", () => {
  const encoder = new Encoder();
  const back = new Label(), ahead = new Label();
  encoder.place(back);
  encoder.jumpIf(5, ahead);
  encoder.jump(back);
  encoder.place(ahead);
  // jne +5; jmp -11
  assertEquals([...encoder.finish().subarray(0, 11)], [
    0x0f,
    0x85,
    5,
    0,
    0,
    0,
    0xe9,
    0xf5,
    255,
    255,
    255,
  ]);
});

Deno.test("constants follow the code, aligned to their sizes, without duplicates", () => {
  const encoder = new Encoder();
  const [four, sixteen] = [Uint8Array.of(1, 2, 3, 4), new Uint8Array(16).fill(7)];
  for (const constant of [four, sixteen, four.slice()]) {
    encoder.vector(V.broadcastss, 1, 1, 0, encoder.constant(constant));
  }
  const code = encoder.finish();
  const view = new DataView(code.buffer);
  // Each instruction has 9 bytes, its last four the distance.
  const places = [0, 1, 2].map((i) => 9 * (i + 1) + view.getInt32(9 * i + 5, true));
  assertEquals(places, [80, 64, 80]);
  assertEquals(code.slice(64, 84), Uint8Array.of(...sixteen, ...four));
});
