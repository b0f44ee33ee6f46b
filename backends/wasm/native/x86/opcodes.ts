/** The vector instructions that the translator uses, named as in Intel's manual. */

/** An instruction on vector registers. */
export interface VectorOpcode {
  /** Opcode map: 1 for 0F, 2 for 0F38, 3 for 0F3A. */
  readonly map: 1 | 2 | 3;
  /** Mandatory prefix: 0 none, 1 for 66, 2 for F3, 3 for F2. */
  readonly prefix: 0 | 1 | 2 | 3;
  /** Bit W of EVEX; that of VEX is {@link vexW}. */
  readonly w: 0 | 1;
  readonly opcode: number;
  /** Bit W of VEX, which most instructions ignore there. Default 0. */
  readonly vexW?: 1;
  /** Available encodings. Default: both. */
  readonly only?: "vex" | "evex";
  /** Bytes that it accesses in memory. Default: the vector. */
  readonly bytes?: number;
}

type Rest = Pick<VectorOpcode, "only" | "bytes" | "vexW">;

function opcode(
  map: VectorOpcode["map"],
  prefix: VectorOpcode["prefix"],
  w: VectorOpcode["w"],
  opcode: number,
  rest: Rest = {},
): VectorOpcode {
  return { map, prefix, w, opcode, ...rest };
}

const scalar = { bytes: 4 } as const, double = { bytes: 8 } as const;
const evex = { only: "evex" } as const, vex = { only: "vex" } as const;

/** Vector instructions by name. */
export const V = {
  movups: opcode(1, 0, 0, 0x10),
  movupsStore: opcode(1, 0, 0, 0x11),
  movaps: opcode(1, 0, 0, 0x28),
  movss: opcode(1, 2, 0, 0x10, scalar),
  movssStore: opcode(1, 2, 0, 0x11, scalar),
  movsd: opcode(1, 3, 1, 0x10, double),
  movsdStore: opcode(1, 3, 1, 0x11, double),
  movhpsStore: opcode(1, 0, 0, 0x17, double),
  movd: opcode(1, 1, 0, 0x6e, scalar),
  movq: opcode(1, 1, 1, 0x6e, { ...double, vexW: 1 }),
  movqStore: opcode(1, 1, 1, 0x7e, { ...double, vexW: 1 }),
  broadcastss: opcode(2, 1, 0, 0x18, scalar),
  pbroadcastd: opcode(2, 1, 0, 0x58, scalar),
  extractf128: opcode(3, 1, 0, 0x19, { bytes: 16 }),
  insertf128: opcode(3, 1, 0, 0x18, { bytes: 16 }),
  shuff32x4: opcode(3, 1, 0, 0x23, evex),
  pextrd: opcode(3, 1, 0, 0x16, scalar),
  pinsrd: opcode(3, 1, 0, 0x22, scalar),
  pmovzxbw: opcode(2, 1, 0, 0x30, double),
  pmovzxwd: opcode(2, 1, 0, 0x33, double),
  permilps: opcode(3, 1, 0, 0x04),
  shufps: opcode(1, 0, 0, 0xc6),
  addps: opcode(1, 0, 0, 0x58),
  mulps: opcode(1, 0, 0, 0x59),
  subps: opcode(1, 0, 0, 0x5c),
  minps: opcode(1, 0, 0, 0x5d),
  divps: opcode(1, 0, 0, 0x5e),
  maxps: opcode(1, 0, 0, 0x5f),
  sqrtps: opcode(1, 0, 0, 0x51),
  addss: opcode(1, 2, 0, 0x58, scalar),
  mulss: opcode(1, 2, 0, 0x59, scalar),
  subss: opcode(1, 2, 0, 0x5c, scalar),
  divss: opcode(1, 2, 0, 0x5e, scalar),
  addsd: opcode(1, 3, 1, 0x58, double),
  mulsd: opcode(1, 3, 1, 0x59, double),
  subsd: opcode(1, 3, 1, 0x5c, double),
  minsd: opcode(1, 3, 1, 0x5d, double),
  divsd: opcode(1, 3, 1, 0x5e, double),
  maxsd: opcode(1, 3, 1, 0x5f, double),
  sqrtsd: opcode(1, 3, 1, 0x51, double),
  addpd: opcode(1, 1, 1, 0x58),
  subpd: opcode(1, 1, 1, 0x5c),
  minpd: opcode(1, 1, 1, 0x5d),
  maxpd: opcode(1, 1, 1, 0x5f),
  ucomisd: opcode(1, 1, 1, 0x2e, double),
  roundps: opcode(3, 1, 0, 0x08),
  roundsd: opcode(3, 1, 1, 0x0b, double),
  andps: opcode(1, 1, 0, 0xdb),
  andnps: opcode(1, 1, 0, 0xdf),
  orps: opcode(1, 1, 0, 0xeb),
  xorps: opcode(1, 1, 0, 0xef),
  ternlogd: opcode(3, 1, 0, 0x25, evex),
  /** To a vector of ones and zeros; `cmppsToMask` writes a mask register. */
  cmpps: opcode(1, 0, 0, 0xc2, vex),
  cmppd: opcode(1, 1, 0, 0xc2, vex),
  cmppsToMask: opcode(1, 0, 0, 0xc2, evex),
  cmppdToMask: opcode(1, 1, 1, 0xc2, evex),
  pcmpudToMask: opcode(3, 1, 0, 0x1e, evex),
  pcmpgtd: opcode(1, 1, 0, 0x66, vex),
  blendmps: opcode(2, 1, 0, 0x65, evex),
  rangeps: opcode(3, 1, 0, 0x50, evex),
  rangepd: opcode(3, 1, 1, 0x50, evex),
  movm2d: opcode(2, 2, 0, 0x38, evex),
  paddd: opcode(1, 1, 0, 0xfe),
  psubd: opcode(1, 1, 0, 0xfa),
  /** With the number 2, 4 or 6 in the register field: to the right, the same signed, to the left. */
  pshiftd: opcode(1, 1, 0, 0x72),
  pshiftq: opcode(1, 1, 1, 0x73),
  cvtdq2ps: opcode(1, 0, 0, 0x5b),
  cvttps2dq: opcode(1, 2, 0, 0x5b),
  cvtps2pd: opcode(1, 0, 0, 0x5a, double),
  cvtss2sd: opcode(1, 2, 0, 0x5a, scalar),
  cvtsd2ss: opcode(1, 3, 1, 0x5a, double),
  cvtsi2ss: opcode(1, 2, 0, 0x2a, scalar),
  cvtsi2sd: opcode(1, 3, 0, 0x2a, scalar),
  cvttsd2si: opcode(1, 3, 0, 0x2c, double),
  fmadd: opcode(2, 1, 0, 0xb8),
  fnmadd: opcode(2, 1, 0, 0xbc),
} as const;
