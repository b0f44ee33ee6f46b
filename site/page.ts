/** The page: takes an image or a drawing, has the worker classify it, and shows the result. */
/// <reference lib="dom" />
import { fit, type Picture } from "../files/pixels.ts";
import { type Raster, toRaster } from "../files/raster.ts";
import {
  capitalized,
  formatBytes,
  formatCount,
  formatPercent,
  formatSi,
} from "../reporting/format.ts";
import { DrawingField } from "./drawing.ts";
import type { NetworkCard, Reply, Request } from "./messages.ts";
import { readPicture } from "./picture.ts";
import { messageOf } from "../errors.ts";

/** Classes shown if an image has one class. */
const TOP = 5;
/** Classes named in the model card; the rest is counted. */
const NAMED = 12;

const ENGINES = { webgpu: "WebGPU", cpu: "WebAssembly" } as const;

const worker = new Worker(new URL("worker.js", document.baseURI), { type: "module" });
const engines = [...document.querySelectorAll<HTMLInputElement>("input[name=engine]")];
let engine: keyof typeof ENGINES | undefined;
/** The latest pixels; classified again when the engine changes. */
let pixels: Uint8Array | undefined;
let isBusy = false;
let isStale = false;

element("unserved", HTMLElement).remove();
const card = await loadCard();
const view = await viewOf(card);
showCard(card);
listenToWorker();
listenToPictures();
offerDrawing();
send({ kind: "open", engine: "auto" });

async function loadCard(): Promise<NetworkCard> {
  const response = await fetch("card.json");
  if (response.ok) return await response.json();
  const message = `card.json could not be loaded (status ${response.status}).`;
  fail(message);
  throw new Error(message);
}

/** The function from an image to the network's input. */
async function viewOf(card: NetworkCard): Promise<(picture: Raster) => Raster> {
  if (!card.transforms) return (picture) => fit(picture, card.input);
  const script = new URL("transforms.js", document.baseURI).href;
  const { pictureView }: typeof import("./transforms.ts") = await import(script);
  return pictureView(card);
}

function send(request: Request): void {
  worker.postMessage(request);
}

function listenToWorker(): void {
  worker.onmessage = ({ data }: MessageEvent<Reply>) => {
    if (data.kind === "ready") {
      showEngine(data.engine, data.canWebgpu);
      isBusy = false;
      if (data.notice === undefined) say("Ready");
      else fail(`WebGPU failed, WebAssembly takes over: ${data.notice}`);
      classify();
      return;
    }
    isBusy = false;
    if (data.kind === "failure") {
      clearRanking();
      fail(data.message);
      // Unless the drawing was cleared meanwhile.
    } else if (pixels) showResult(data.probabilities, data.milliseconds);
    if (isStale) classify();
  };
  worker.onerror = (event) => fail(event.message || "The network could not be loaded.");
  for (const input of engines) {
    input.addEventListener("change", () => {
      say(`Preparing ${ENGINES[input.value as keyof typeof ENGINES]} …`);
      engine = undefined;
      send({ kind: "open", engine: input.value as keyof typeof ENGINES });
    });
  }
}

/** Classifies the latest pixels, after pending requests. */
function classify(): void {
  if (!pixels) return;
  isStale = isBusy || engine === undefined;
  if (isStale) return;
  isBusy = true;
  send({ kind: "classify", pixels });
}

function take(picture: Picture): void {
  pixels = view(toRaster(picture, card.input.channels)).data;
  showInput(pixels);
  classify();
}

function listenToPictures(): void {
  const input = element("file", HTMLInputElement);
  input.addEventListener("change", () => takeFile(input.files?.[0]));
  const zone = element("drop", HTMLElement);
  addEventListener("dragover", (event) => {
    event.preventDefault();
    zone.classList.add("over");
  });
  addEventListener("dragleave", () => zone.classList.remove("over"));
  addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    takeFile(event.dataTransfer?.files[0]);
  });
  addEventListener("paste", (event) => takeFile(event.clipboardData?.files[0]));
}

/** Number of files chosen so far; only the last one counts. */
let filesTaken = 0;

async function takeFile(file: File | undefined): Promise<void> {
  if (!file) return;
  const number = ++filesTaken;
  try {
    const { image, isOnGround, preview } = await readPicture(file);
    if (number !== filesTaken) return preview.close();
    const canvas = element("picture", HTMLCanvasElement);
    canvas.width = preview.width;
    canvas.height = preview.height;
    canvas.getContext("2d")?.drawImage(preview, 0, 0);
    preview.close();
    element("drop", HTMLElement).classList.add("filled");
    element("drop-name", HTMLElement).textContent = isOnGround
      ? `${file.name} (transparent parts are shown on white)`
      : file.name;
    take(image);
  } catch (error) {
    if (number === filesTaken) fail(messageOf(error));
  }
}

function offerDrawing(): void {
  if (card.input.channels !== 1) return;
  element("draw", HTMLElement).hidden = false;
  const changed = () => {
    const picture = field.picture();
    element("draw", HTMLElement).classList.toggle("blank", !picture);
    if (picture) take(picture);
    else clearResult();
  };
  const field = new DrawingField(
    element("field", HTMLCanvasElement),
    element("pen", HTMLElement),
    changed,
  );
  element("clear", HTMLButtonElement).addEventListener("click", () => field.clear());
}

function showInput(data: Uint8Array): void {
  const { width, height, channels } = card.input;
  const canvas = element("seen", HTMLCanvasElement);
  canvas.width = width;
  canvas.height = height;
  const image = new ImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    const [red, green = red, blue = red] = data.subarray(channels * i, channels * (i + 1));
    image.data.set([red, green, blue, 255], 4 * i);
  }
  canvas.getContext("2d")?.putImageData(image, 0, 0);
  element("seen-figure", HTMLElement).hidden = false;
}

function showResult(probabilities: readonly number[], milliseconds: number): void {
  const { threshold } = card;
  const ranked = probabilities
    .map((probability, i) => ({ probability, name: card.classNames[i] ?? String(i) }))
    .sort((a, b) => b.probability - a.probability);
  const shown = threshold === undefined
    ? ranked.slice(0, TOP)
    : ranked.filter(({ probability }) => probability > threshold);
  element("none", HTMLElement).hidden = shown.length > 0;
  element("ranking", HTMLElement).replaceChildren(...shown.map(({ name, probability }) => {
    const row = document.createElement("li");
    row.dataset.probability = String(probability);
    row.style.setProperty("--share", `${100 * probability}%`);
    row.append(span("name", name), span("share", formatPercent(probability)), span("bar", ""));
    return row;
  }));
  element("result", HTMLElement).classList.remove("empty");
  say(`Computed in ${milliseconds < 10 ? milliseconds.toFixed(1) : milliseconds.toFixed(0)} ms`);
}

function clearResult(): void {
  pixels = undefined;
  isStale = false;
  clearRanking();
  element("seen-figure", HTMLElement).hidden = true;
  say("Ready");
}

function clearRanking(): void {
  element("result", HTMLElement).classList.add("empty");
  element("ranking", HTMLElement).replaceChildren();
  element("none", HTMLElement).hidden = true;
}

function showEngine(chosen: keyof typeof ENGINES, canWebgpu: boolean): void {
  engine = chosen;
  element("engines", HTMLFieldSetElement).disabled = false;
  for (const input of engines) {
    input.checked = input.value === chosen;
    input.disabled = input.value === "webgpu" && !canWebgpu;
  }
  document.body.dataset.engine = chosen;
}

function showCard(network: NetworkCard): void {
  const { title, input, classNames, parameters, macs, bytes, validation } = network;
  document.title = `${title} – classify images in the browser`;
  element("title", HTMLElement).textContent = title;
  const named = classNames.slice(0, NAMED).join(", ");
  const rest = classNames.length - NAMED;
  const { results = [], count = 0 } = validation ?? {};
  const facts = [
    ...results.map(([name, value]) => [capitalized(name), value]),
    ["Classes", formatCount(classNames.length)],
    ["Input", `${input.width} × ${input.height} × ${input.channels}`],
    ["Parameters", formatCount(parameters)],
    ["MACs", formatSi(macs)],
    ["Size", formatBytes(bytes)],
  ];
  element("facts", HTMLElement).replaceChildren(...facts.map(([term, text]) => {
    const fact = document.createElement("div");
    const [dt, dd] = [document.createElement("dt"), document.createElement("dd")];
    dt.textContent = term;
    dd.textContent = text;
    fact.append(dt, dd);
    return fact;
  }));
  const classes = `Classes: ${named}${rest > 0 ? ` and ${formatCount(rest)} more` : ""}.`;
  const names = results.map(([name]) => name).join(" and ");
  const measured = results.length > 0
    ? ` ${capitalized(names)} ${results.length === 1 ? "was" : "were"} measured on ` +
      `${formatCount(count)} images not used for training.`
    : "";
  element("classes", HTMLElement).textContent = classes + measured;
}

function say(text: string): void {
  const status = element("status", HTMLElement);
  status.textContent = text;
  status.classList.remove("failure");
}

function fail(message: string): void {
  say(message);
  element("status", HTMLElement).classList.add("failure");
}

function span(name: string, text: string): HTMLSpanElement {
  const element = document.createElement("span");
  element.className = name;
  element.textContent = text;
  return element;
}

/** The element of the page with an id. */
function element<T extends HTMLElement>(id: string, type: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`the page has no element ${id}`);
  return found;
}
