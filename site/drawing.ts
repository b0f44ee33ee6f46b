/**
 * A field for drawing a digit, white on black, with a finger, a pen, a mouse or the keyboard: arrow keys
 * move a pen, and the space bar lowers and lifts it.
 */
/// <reference lib="dom" />

/** Side of the field and width of a line, in pixels. */
const SIDE = 280;
const LINE = 22;
/** Pixels the pen moves per arrow key. */
const STEP = 10;
/** MNIST's handwritten digits fill 20 of 28 pixels, with their center of mass in the image's center. */
const FILL = 20 / 28;

const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

interface Point {
  readonly x: number;
  readonly y: number;
}

/** A field for drawing. */
export class DrawingField {
  readonly #canvas: HTMLCanvasElement;
  readonly #mark: HTMLElement;
  readonly #context: CanvasRenderingContext2D;
  readonly #changed: () => void;
  #pen: Point = { x: SIDE / 2, y: SIDE / 2 };
  #isDown = false;

  /**
   * @param mark an element over the canvas that shows the pen
   * @param changed called after every change of the drawing
   */
  constructor(canvas: HTMLCanvasElement, mark: HTMLElement, changed: () => void) {
    this.#canvas = canvas;
    this.#mark = mark;
    this.#changed = changed;
    canvas.width = canvas.height = SIDE;
    this.#context = context2d(canvas);
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.#pen = this.#place(event);
      this.#lineTo(this.#pen);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (event.buttons === 0 || !canvas.hasPointerCapture(event.pointerId)) return;
      for (const step of event.getCoalescedEvents?.() ?? []) this.#lineTo(this.#place(step));
      this.#lineTo(this.#place(event));
    });
    canvas.addEventListener("keydown", (event) => this.#key(event));
    this.#blacken();
  }

  clear(): void {
    this.#blacken();
    this.#changed();
  }

  /** The drawing, scaled and centered like MNIST's digits; undefined if empty. */
  picture(): ImageData | undefined {
    const ink = inkOf(this.#context.getImageData(0, 0, SIDE, SIDE));
    if (!ink) return undefined;
    const { left, top, width, height, centre } = ink;
    const factor = FILL * SIDE / Math.max(width, height);
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = SIDE;
    const context = context2d(canvas);
    context.fillRect(0, 0, SIDE, SIDE);
    context.imageSmoothingQuality = "high";
    const corner = (start: number, middle: number, length: number) =>
      Math.min(Math.max(0, SIDE / 2 - (middle - start) * factor), SIDE - length * factor);
    context.drawImage(
      this.#canvas,
      left,
      top,
      width,
      height,
      corner(left, centre.x, width),
      corner(top, centre.y, height),
      width * factor,
      height * factor,
    );
    return context.getImageData(0, 0, SIDE, SIDE);
  }

  #blacken(): void {
    this.#context.fillStyle = "black";
    this.#context.fillRect(0, 0, SIDE, SIDE);
  }

  #key(event: KeyboardEvent): void {
    const arrow = ARROWS[event.key];
    if (arrow) {
      const limit = (value: number) => Math.min(Math.max(LINE / 2, value), SIDE - LINE / 2);
      const [dx, dy] = arrow;
      const to = { x: limit(this.#pen.x + STEP * dx), y: limit(this.#pen.y + STEP * dy) };
      if (this.#isDown) this.#lineTo(to);
      else this.#movePen(to);
    } else if (event.key === " ") {
      this.#isDown = !this.#isDown;
      if (this.#isDown) this.#lineTo(this.#pen);
    } else if (event.key === "Escape" || event.key === "Delete") {
      this.clear();
    } else {
      return;
    }
    event.preventDefault();
  }

  #lineTo(to: Point): void {
    const context = this.#context;
    context.strokeStyle = "white";
    context.lineWidth = LINE;
    context.lineCap = context.lineJoin = "round";
    context.beginPath();
    context.moveTo(this.#pen.x, this.#pen.y);
    context.lineTo(to.x, to.y);
    context.stroke();
    this.#movePen(to);
    this.#changed();
  }

  #movePen(to: Point): void {
    this.#pen = to;
    this.#mark.style.left = `${100 * to.x / SIDE}%`;
    this.#mark.style.top = `${100 * to.y / SIDE}%`;
  }

  #place({ clientX, clientY }: MouseEvent): Point {
    const { left, top, width, height } = this.#canvas.getBoundingClientRect();
    return { x: (clientX - left) * SIDE / width, y: (clientY - top) * SIDE / height };
  }
}

/** The smallest rectangle around everything that is not black, and its center of mass; undefined if empty. */
function inkOf({ data, width, height }: ImageData) {
  let [left, top, right, bottom] = [width, height, 0, 0];
  let [mass, x, y] = [0, 0, 0];
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const value = data[4 * (row * width + column)];
      if (value === 0) continue;
      left = Math.min(left, column);
      right = Math.max(right, column + 1);
      top = Math.min(top, row);
      bottom = Math.max(bottom, row + 1);
      mass += value;
      x += value * (column + 0.5);
      y += value * (row + 0.5);
    }
  }
  if (mass === 0) return undefined;
  const centre = { x: x / mass, y: y / mass };
  return { left, top, width: right - left, height: bottom - top, centre };
}

/** The context of a canvas whose pixels are read often. */
function context2d(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("this browser cannot draw on a canvas");
  return context;
}
